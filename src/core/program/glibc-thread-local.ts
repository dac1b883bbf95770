/**
 * glibc describes its private structures to debuggers by constants that it exports: `_thread_db_TYPE_FIELD`, three
 * 32-bit words each: size of the field in bits, number of elements, offset in bytes (glibc, nptl_db/structs.def). They
 * are in libc.so.6 since glibc 2.34, before that in libpthread.so.0.
 */
import { lookUpSymbol } from './dynamic-symbols.js';
import type { LinkMap } from './link-map.js';
import type { ProgramReader } from './program-reader.js';
import type { ThreadPointer } from './thread-pointer.js';

interface Field {
  readonly elementBytes: number;
  readonly offset: number;
}

const fieldSymbols = {
  moduleId: '_thread_db_link_map_l_tls_modid',
  staticOffset: '_thread_db_link_map_l_tls_offset',
  dtvElement: '_thread_db_dtv_dtv',
  dtvGeneration: '_thread_db_dtv_t_counter',
  dtvBlock: '_thread_db_dtv_t_pointer_val',
  slotLists: '_thread_db_rtld_global__dl_tls_dtv_slotinfo_list',
  listLength: '_thread_db_dtv_slotinfo_list_len',
  listNext: '_thread_db_dtv_slotinfo_list_next',
  listSlots: '_thread_db_dtv_slotinfo_list_slotinfo',
  slotGeneration: '_thread_db_dtv_slotinfo_gen',
  slotMap: '_thread_db_dtv_slotinfo_map',
} as const;

type FieldName = keyof typeof fieldSymbols;

export interface GlibcLayout {
  readonly fields: Readonly<Record<FieldName, Field>>;
  /** Address of `_rtld_global`, the loader's own variables. */
  readonly loaderVariables: bigint;
}

/** The layout of the glibc among these objects; undefined when none of them exports it. @throws OutstepError MEMORY */
export function glibcLayout(reader: ProgramReader, objects: readonly LinkMap[]): GlibcLayout | undefined {
  const library = objects.find((object) => lookUpSymbol(reader, object, fieldSymbols.moduleId) !== undefined);
  const loaderVariables = firstDefinition(reader, objects, '_rtld_global');
  if (library === undefined || loaderVariables === undefined) return undefined;
  const found: Partial<Record<FieldName, Field>> = {};
  for (const name of fieldNames) {
    const field = readField(reader, library, fieldSymbols[name]);
    if (field !== undefined) found[name] = field;
  }
  return isComplete(found) ? { fields: found, loaderVariables } : undefined;
}

const fieldNames = [
  'moduleId',
  'staticOffset',
  'dtvElement',
  'dtvGeneration',
  'dtvBlock',
  'slotLists',
  'listLength',
  'listNext',
  'listSlots',
  'slotGeneration',
  'slotMap',
] as const satisfies readonly FieldName[];

function isComplete(found: Partial<Record<FieldName, Field>>): found is Record<FieldName, Field> {
  return fieldNames.every((name) => found[name] !== undefined);
}

function firstDefinition(
  reader: ProgramReader,
  objects: readonly LinkMap[],
  name: string,
): bigint | undefined {
  for (const object of objects) {
    const value = lookUpSymbol(reader, object, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function readField(reader: ProgramReader, library: LinkMap, symbol: string): Field | undefined {
  const at = lookUpSymbol(reader, library, symbol);
  if (at === undefined) return undefined;
  const view = reader.view(at, 12);
  return { elementBytes: view.getUint32(0, true) / 8, offset: view.getUint32(8, true) };
}

/**
 * The object's block of one thread. An object that was loaded after the thread last looked has a younger generation
 * than the thread's DTV; then only a block in the static area, whose place is the same for all threads, is there yet.
 */
export function glibcBlock(
  reader: ProgramReader,
  layout: GlibcLayout,
  thread: ThreadPointer,
  linkMap: bigint,
): bigint | undefined {
  const { fields } = layout;
  const moduleId = reader.pointer(linkMap + BigInt(fields.moduleId.offset));
  if (moduleId === 0n) return undefined;
  const generation = moduleGeneration(reader, layout, moduleId, linkMap);
  if (generation === undefined) return undefined;
  const dtv = reader.pointer(thread.value + BigInt(thread.dtvOffset)) + BigInt(fields.dtvElement.offset);
  const known = reader.pointer(dtv + BigInt(fields.dtvGeneration.offset));
  if (known >= generation) {
    const element = dtv + moduleId * BigInt(fields.dtvElement.elementBytes);
    const block = reader.pointer(element + BigInt(fields.dtvBlock.offset));
    if (!isUnallocated(block)) return block;
  }
  return staticBlock(reader, layout, thread, linkMap);
}

/** TLS_DTV_UNALLOCATED is -1; real blocks are aligned. */
function isUnallocated(block: bigint): boolean {
  return block === 0n || (block & 1n) === 1n;
}

/** Generation at which the module was loaded; undefined when its slot belongs to another object (or to none) by now. */
function moduleGeneration(
  reader: ProgramReader,
  layout: GlibcLayout,
  moduleId: bigint,
  linkMap: bigint,
): bigint | undefined {
  const { fields } = layout;
  let list = reader.pointer(layout.loaderVariables + BigInt(fields.slotLists.offset));
  let index = moduleId;
  while (list !== 0n) {
    const length = reader.pointer(list + BigInt(fields.listLength.offset));
    if (index < length) {
      const slot = list + BigInt(fields.listSlots.offset) + index * BigInt(fields.listSlots.elementBytes);
      const owner = reader.pointer(slot + BigInt(fields.slotMap.offset));
      return owner === linkMap ? reader.pointer(slot + BigInt(fields.slotGeneration.offset)) : undefined;
    }
    if (length === 0n) return undefined;
    index -= length;
    list = reader.pointer(list + BigInt(fields.listNext.offset));
  }
  return undefined;
}

/** l_tls_offset: 0, -1 and -2 say, by architecture, that the object has no block there or never may (<link.h> of glibc). */
function staticBlock(
  reader: ProgramReader,
  layout: GlibcLayout,
  thread: ThreadPointer,
  linkMap: bigint,
): bigint | undefined {
  const bits = reader.pointerBytes * 8;
  const offset = BigInt.asIntN(bits, reader.pointer(linkMap + BigInt(layout.fields.staticOffset.offset)));
  if (offset <= 0n) return undefined;
  return thread.variant === 2 ? thread.value - offset : thread.value + offset;
}
