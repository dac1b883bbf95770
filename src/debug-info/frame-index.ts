/** Finds the call frame information of a function: by the sorted table of `.eh_frame_hdr`, or by looking through all. */
import { ByteReader } from './byte-reader.js';
import type { ElfFile } from './elf-file.js';
import {
  type FrameDescription,
  type FrameSection,
  frameDescriptionAt,
  frameDescriptions,
  pointerEncodings,
  readPointer,
} from './frame-section.js';

interface FrameFinder {
  find(address: number): FrameDescription | undefined;
}

/** Of a file, and of the one that has its debug information, if that is another one. */
export class FrameIndex {
  readonly #finders: readonly FrameFinder[];

  constructor(files: readonly ElfFile[]) {
    this.#finders = files.flatMap((file) => {
      const ehFrame = sectionOf(file, '.eh_frame', 'eh-frame');
      const debugFrame = sectionOf(file, '.debug_frame', 'debug-frame');
      const header = file.section('.eh_frame_hdr');
      return [
        ...(ehFrame === undefined
          ? []
          : [(header && headerTable(file.contents(header), header.address, ehFrame)) ?? new Scan(ehFrame)]),
        ...(debugFrame === undefined ? [] : [new Scan(debugFrame)]),
      ];
    });
  }

  /** @param address in the file. undefined: nothing is said of it, or what is said is damaged */
  find(address: number): FrameDescription | undefined {
    for (const finder of this.#finders) {
      const found = tolerant(() => finder.find(address));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Damaged information is as good as none: a stack that ends early is better than none of all threads. */
function tolerant<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function sectionOf(file: ElfFile, name: string, kind: FrameSection['kind']): FrameSection | undefined {
  const section = file.section(name);
  if (section === undefined) return undefined;
  const { address } = section;
  return { kind, bytes: file.contents(section), address, addressBytes: file.addressBytes };
}

function covers({ start, lengthBytes }: FrameDescription, address: number): boolean {
  return address >= start && address < start + lengthBytes;
}

class Scan implements FrameFinder {
  readonly #section: FrameSection;
  #sorted: readonly FrameDescription[] | undefined;

  constructor(section: FrameSection) {
    this.#section = section;
  }

  find(address: number): FrameDescription | undefined {
    this.#sorted ??= this.#readAll();
    const at = lastUpTo(this.#sorted.length, (index) => this.#sorted?.[index]?.start ?? 0, address);
    const found = this.#sorted[at];
    return found !== undefined && covers(found, address) ? found : undefined;
  }

  #readAll(): readonly FrameDescription[] {
    const all: FrameDescription[] = [];
    tolerant(() => {
      for (const one of frameDescriptions(this.#section)) all.push(one);
    });
    return all.sort((a, b) => a.start - b.start);
  }
}

/** DW_EH_PE_datarel | DW_EH_PE_sdata4: the only form that linkers write. */
const tableEncoding = 0x3b;

/** undefined: it has no table, or one in a form that nobody writes. */
function headerTable(bytes: Uint8Array, address: number, section: FrameSection): FrameFinder | undefined {
  return tolerant(() => {
    const reader = new ByteReader(bytes);
    reader.position = 1;
    const [frameEncoding, countEncoding, encoding] = [
      reader.unsigned(1),
      reader.unsigned(1),
      reader.unsigned(1),
    ];
    if (encoding !== tableEncoding || countEncoding === pointerEncodings.omitted) return undefined;
    const place = { address, addressBytes: section.addressBytes };
    readPointer(reader, frameEncoding, place, address);
    const count = readPointer(reader, countEncoding, place, address);
    const tableAt = reader.position;
    const rowAt = (index: number, column: 0 | 1): number => {
      const field = new ByteReader(bytes, tableAt + index * 8 + column * 4);
      return address + field.signed(4);
    };
    return {
      find(wanted: number): FrameDescription | undefined {
        const index = lastUpTo(count, (row) => rowAt(row, 0), wanted);
        if (index < 0) return undefined;
        const found = frameDescriptionAt(section, rowAt(index, 1) - section.address);
        return found !== undefined && covers(found, wanted) ? found : undefined;
      },
    };
  });
}

/** Index of the last row whose key is not above `wanted`; -1: none. */
function lastUpTo(count: number, keyOf: (index: number) => number, wanted: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(middle) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
