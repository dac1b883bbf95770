/**
 * The list of loaded objects that the dynamic loader keeps for debuggers: `struct r_debug` and `struct link_map` of
 * <link.h>. Where the debugger finds the first: the DT_DEBUG entry of the executable's dynamic section.
 */
import { errorCodes, OutstepError } from '../../base/errors.js';
import { dynamicTags, dynamicValueAddress } from './dynamic-section.js';
import { type ProgramHeaders, readProgramHeaders, segment, segmentTypes } from './program-headers.js';
import { type ProgramReader, pointerOf } from './program-reader.js';

/** An object that the dynamic loader has loaded. */
export interface LoadedObject {
  /** Path as the loader knows it; empty for the executable. */
  readonly name: string;
  /** Address of its `struct link_map`. */
  readonly linkMap: bigint;
  /** What is added to a virtual address of the file to get one of the process. */
  readonly loadBias: bigint;
  /** Address of its dynamic section. */
  readonly dynamic: bigint;
  /** Address of the `struct r_debug` of its namespace (dlmopen(3)). */
  readonly namespaceId: bigint;
}

/** Part of the list only: entries from `start` on, whose predecessor must be `prev`, said to be of namespace `lmid`. */
export interface LinkMapQuery {
  readonly start?: bigint;
  readonly prev?: bigint;
  readonly lmid?: bigint;
}

/** The objects that the dynamic loader has loaded. */
export interface LoadedObjects {
  /** Address of the executable's link map; 0n when it is not known yet, or when `start` was given. */
  readonly mainLinkMap: bigint;
  /** All but the executable, in the loader's order, namespace after namespace. */
  readonly objects: readonly LoadedObject[];
}

/** Offsets of <link.h>. `next` of r_debug is there from r_version 2 on (glibc 2.35). */
const debugLayouts = {
  4: { map: 4, breakpoint: 8, next: 20 },
  8: { map: 8, breakpoint: 16, next: 40 },
} as const;
const maxNameBytes = 4096;

export interface LinkMap {
  readonly address: bigint;
  readonly loadBias: bigint;
  readonly nameAddress: bigint;
  readonly dynamic: bigint;
  readonly next: bigint;
  readonly prev: bigint;
}

/** @throws OutstepError MEMORY */
export function readLinkMap(reader: ProgramReader, at: bigint): LinkMap {
  const { pointerBytes } = reader;
  const view = reader.view(at, 5 * pointerBytes);
  const field = (index: number): bigint => pointerOf(view, index * pointerBytes, pointerBytes);
  return {
    address: at,
    loadBias: field(0),
    nameAddress: field(1),
    dynamic: field(2),
    next: field(3),
    prev: field(4),
  };
}

/**
 * Link maps from `start` on. The list ends where an entry does not point back to the one before it: the loader is
 * changing it just then.
 */
export function* linkMaps(reader: ProgramReader, start: bigint, prev: bigint): Generator<LinkMap> {
  const seen = new Set<bigint>();
  let at = start;
  let expectedPrev = prev;
  while (at !== 0n && !seen.has(at)) {
    seen.add(at);
    const map = readLinkMap(reader, at);
    if (map.prev !== expectedPrev) return;
    yield map;
    expectedPrev = at;
    at = map.next;
  }
}

/** Address of the DT_DEBUG entry's value; undefined: there is no such entry. @throws OutstepError MEMORY */
export function debugPointerAddress(reader: ProgramReader, program: ProgramHeaders): bigint | undefined {
  const header = segment(program.headers, segmentTypes.dynamic);
  if (header === undefined) return undefined;
  const dynamic = BigInt.asUintN(64, program.loadBias + header.virtualAddress);
  return dynamicValueAddress(reader, dynamic, dynamicTags.debug);
}

/** Value of DT_DEBUG, the address of `struct r_debug`: 0n before the loader has set it up; undefined: no such entry. */
export function debugStructure(reader: ProgramReader, program: ProgramHeaders): bigint | undefined {
  const at = debugPointerAddress(reader, program);
  return at === undefined ? undefined : reader.pointer(at);
}

/**
 * The place that the loader goes through before and after its list changes, r_brk: 0n before it has set that up; undefined:
 * the program has no loader. @throws OutstepError MEMORY
 */
export function loaderBreakpoint(reader: ProgramReader, auxiliaryVector: Uint8Array): bigint | undefined {
  const base = debugStructure(reader, readProgramHeaders(reader, auxiliaryVector));
  if (base === undefined || base === 0n) return base;
  return reader.pointer(base + BigInt(debugLayouts[reader.pointerBytes].breakpoint));
}

/** Link maps of the namespace that the program started in, the executable's first. @throws OutstepError MEMORY */
export function baseNamespace(reader: ProgramReader, program: ProgramHeaders): readonly LinkMap[] {
  const base = debugStructure(reader, program) ?? 0n;
  const [namespace] = namespaces(reader, base);
  return namespace === undefined ? [] : [...linkMaps(reader, namespace.firstMap, 0n)];
}

/**
 * The loaded objects, the executable left out.
 * @throws OutstepError UNSUPPORTED when the program has no DT_DEBUG entry (it is static, or the loader itself), MEMORY
 */
export function loadedObjects(
  reader: ProgramReader,
  auxiliaryVector: Uint8Array,
  query: LinkMapQuery = {},
): LoadedObjects {
  const { start, prev, lmid } = query;
  if (start !== undefined && start !== 0n) {
    return {
      mainLinkMap: 0n,
      objects: [...describe(reader, linkMaps(reader, start, prev ?? 0n), lmid ?? 0n)],
    };
  }
  const base = debugStructure(reader, readProgramHeaders(reader, auxiliaryVector));
  if (base === undefined) throw new OutstepError(errorCodes.UNSUPPORTED, 'the program has no DT_DEBUG entry');
  const objects: LoadedObject[] = [];
  let mainLinkMap = 0n;
  for (const { address: namespaceId, firstMap } of namespaces(reader, base)) {
    const all = describe(reader, linkMaps(reader, firstMap, 0n), namespaceId);
    if (namespaceId === base) mainLinkMap = all.next().value?.linkMap ?? 0n;
    objects.push(...all);
  }
  return { mainLinkMap, objects };
}

function* namespaces(
  reader: ProgramReader,
  base: bigint,
): Generator<{ readonly address: bigint; readonly firstMap: bigint }> {
  const layout = debugLayouts[reader.pointerBytes];
  const seen = new Set<bigint>();
  let at = base;
  while (at !== 0n && !seen.has(at)) {
    seen.add(at);
    const version = reader.uint32(at);
    // Version 0: the loader has not come to it yet.
    if (version === 0) return;
    yield { address: at, firstMap: reader.pointer(at + BigInt(layout.map)) };
    if (version < 2) return;
    at = reader.pointer(at + BigInt(layout.next));
  }
}

function* describe(
  reader: ProgramReader,
  maps: Iterable<LinkMap>,
  namespaceId: bigint,
): Generator<LoadedObject, undefined> {
  for (const map of maps) {
    const { address: linkMap, loadBias, dynamic } = map;
    yield { name: reader.text(map.nameAddress, maxNameBytes), linkMap, loadBias, dynamic, namespaceId };
  }
  return undefined;
}
