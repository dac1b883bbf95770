/** The document of `qXfer:memory-map:read` (GDB manual, "Memory Map Format"). */
import { attribute, bigintAttribute, elementsNamed, numberIn, parseDocument } from './xml.js';
import { emptyElement, filledElement, hexAddress } from './xml-text.js';

/** A part of the machine's memory. */
export interface MemoryArea {
  readonly type: 'ram' | 'rom' | 'flash';
  readonly start: bigint;
  readonly lengthBytes: bigint;
  /** Of flash: what is erased at once. */
  readonly blockBytes?: bigint;
}

/** Types that are not known count as RAM. @throws ProtocolError */
export function parseMemoryMap(text: string): MemoryArea[] {
  return elementsNamed(parseDocument(text, 'the memory map'), 'memory').map((element) => {
    const type = attribute(element, 'type');
    const block = elementsNamed(element, 'property').find((each) => each.attributes.name === 'blocksize');
    return {
      type: type === 'rom' || type === 'flash' ? type : 'ram',
      start: bigintAttribute(element, 'start'),
      lengthBytes: bigintAttribute(element, 'length'),
      ...(block === undefined ? {} : { blockBytes: numberIn(block.text, 'blocksize') }),
    };
  });
}

export function printMemoryMap(areas: Iterable<MemoryArea>): string {
  const elements = Array.from(areas, ({ type, start, lengthBytes, blockBytes }) => {
    const attributes = { type, start: hexAddress(start), length: hexAddress(lengthBytes) };
    if (blockBytes === undefined) return emptyElement('memory', attributes);
    const property = filledElement('property', { name: 'blocksize' }, hexAddress(blockBytes));
    return filledElement('memory', attributes, property);
  });
  return `<memory-map>${elements.join('')}</memory-map>`;
}
