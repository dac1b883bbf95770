/** Loaded libraries, and the map of memory, from XML (GDB manual, "Library List Format" and others). */
import { attribute, bigintAttribute, elementsNamed, parseDocument } from './xml.js';

export type Library =
  /** Of a dynamic linker with link maps. */
  | {
      readonly kind: 'svr4';
      readonly name: string;
      readonly linkMap: bigint;
      /** What is added to the addresses of its file. */
      readonly bias: bigint;
      readonly dynamicSection: bigint;
      /** Of its namespace. */
      readonly namespace?: bigint;
    }
  | {
      readonly kind: 'plain';
      readonly name: string;
      /** Where its segments, or its sections, are. */
      readonly addresses: readonly bigint[];
    };

/** `qXfer:libraries-svr4:read`. @throws ClientError BAD_OBJECT */
export function parseSvr4Libraries(text: string): Library[] {
  return elementsNamed(parseDocument(text, 'the list of libraries'), 'library').map((element) => ({
    kind: 'svr4',
    name: attribute(element, 'name'),
    linkMap: bigintAttribute(element, 'lm'),
    bias: bigintAttribute(element, 'l_addr'),
    dynamicSection: bigintAttribute(element, 'l_ld'),
    ...(element.attributes.lmid === undefined ? {} : { namespace: bigintAttribute(element, 'lmid') }),
  }));
}

/** `qXfer:libraries:read`. @throws ClientError BAD_OBJECT */
export function parsePlainLibraries(text: string): Library[] {
  return elementsNamed(parseDocument(text, 'the list of libraries'), 'library').map((element) => ({
    kind: 'plain',
    name: attribute(element, 'name'),
    addresses: element.children
      .filter(({ name }) => name === 'segment' || name === 'section')
      .map((each) => bigintAttribute(each, 'address')),
  }));
}

/** A part of the machine's memory. */
export interface MemoryArea {
  readonly type: 'ram' | 'rom' | 'flash';
  readonly start: bigint;
  readonly lengthBytes: bigint;
  /** Of flash: what is erased at once. */
  readonly blockBytes?: bigint;
}

/** `qXfer:memory-map:read` (GDB manual, "Memory Map Format"). @throws ClientError BAD_OBJECT */
export function parseMemoryMap(text: string): MemoryArea[] {
  return elementsNamed(parseDocument(text, 'the memory map'), 'memory').map((element) => {
    const type = attribute(element, 'type');
    const block = elementsNamed(element, 'property').find((each) => each.attributes.name === 'blocksize');
    return {
      type: type === 'rom' || type === 'flash' ? type : 'ram',
      start: bigintAttribute(element, 'start'),
      lengthBytes: bigintAttribute(element, 'length'),
      ...(block === undefined ? {} : { blockBytes: BigInt(block.text.trim()) }),
    };
  });
}

/** `qXfer:osdata:read`: a table of the operating system (GDB manual, "Operating System Information"). */
export function parseTable(text: string): Readonly<Record<string, string>>[] {
  return elementsNamed(parseDocument(text, 'the table'), 'item').map((item) =>
    Object.fromEntries(
      elementsNamed(item, 'column').map((column) => [attribute(column, 'name'), column.text]),
    ),
  );
}
