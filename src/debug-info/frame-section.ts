/**
 * Call frame information: `.debug_frame` (DWARF 5 section 6.4) and `.eh_frame` (Linux Standard Base, "Exception Frames"),
 * which differ in how they point and in what the augmentation says.
 */
import { ByteReader } from './byte-reader.js';

export interface FrameSection {
  readonly kind: 'eh-frame' | 'debug-frame';
  readonly bytes: Uint8Array;
  /** Of the section in the file. */
  readonly address: number;
  readonly addressBytes: 4 | 8;
}

/** What many functions have in common. */
export interface CommonInformation {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  /** DWARF number of the column that holds the return address. */
  readonly returnColumn: number;
  /** A frame that the kernel made for a signal: the address is that of an instruction yet to be executed. */
  readonly isSignalFrame: boolean;
  readonly pointerEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly instructions: Uint8Array;
}

/** What is said of one function. */
export interface FrameDescription {
  readonly common: CommonInformation;
  /** In the file. */
  readonly start: number;
  readonly lengthBytes: number;
  readonly instructions: Uint8Array;
}

/** DW_EH_PE_*. */
export const pointerEncodings = { absolute: 0, omitted: 0xff } as const;
const formatMask = 0x0f;
const relationMask = 0x70;
const relations = { absolute: 0, here: 0x10, data: 0x30 } as const;

const longLength = 0xffffffff;

interface Entry {
  readonly at: number;
  readonly end: number;
  /** Where the entry stands that it refers to; undefined: it is a common one. */
  readonly commonAt: number | undefined;
  /** Behind its head. */
  readonly body: number;
}

/** Reads a pointer; those that stand for "the address where it is to be found" are taken as they are. */
export function readPointer(
  reader: ByteReader,
  encoding: number,
  section: { readonly address: number; readonly addressBytes: 4 | 8 },
  dataAddress = 0,
): number {
  const here = section.address + reader.position;
  const value = readFormat(reader, encoding & formatMask, section.addressBytes);
  switch (encoding & relationMask) {
    case relations.absolute:
      return value;
    case relations.here:
      return wrapped(here + value, section.addressBytes);
    case relations.data:
      return wrapped(dataAddress + value, section.addressBytes);
    default:
      throw new RangeError(`pointer encoding 0x${encoding.toString(16)} is unknown`);
  }
}

function wrapped(address: number, addressBytes: 4 | 8): number {
  return addressBytes === 4 ? address >>> 0 : address;
}

function readFormat(reader: ByteReader, format: number, addressBytes: 4 | 8): number {
  switch (format) {
    case 0x0:
      return reader.unsigned(addressBytes);
    case 0x1:
      return Number(reader.uleb());
    case 0x2:
    case 0x3:
    case 0x4:
      return reader.unsigned(2 ** (format - 1));
    case 0x9:
      return Number(reader.sleb());
    case 0xa:
    case 0xb:
    case 0xc:
      return reader.signed(2 ** (format - 9));
    default:
      throw new RangeError(`pointer format ${format} is unknown`);
  }
}

/** Every description of a section, with the place where it stands. */
export function* frameDescriptions(section: FrameSection): Generator<FrameDescription> {
  const commons = new Map<number, CommonInformation>();
  for (let at = 0; at + 4 <= section.bytes.length; ) {
    const entry = entryAt(section, at);
    if (entry === undefined) return;
    if (entry.commonAt !== undefined) yield describe(section, entry, entry.commonAt, commons);
    at = entry.end;
  }
}

/** The description that stands at an offset; undefined: none does. @throws RangeError: it is damaged */
export function frameDescriptionAt(section: FrameSection, at: number): FrameDescription | undefined {
  const entry = entryAt(section, at);
  return entry?.commonAt === undefined ? undefined : describe(section, entry, entry.commonAt);
}

/** undefined: the list ends here. */
function entryAt({ kind, bytes }: FrameSection, at: number): Entry | undefined {
  const reader = new ByteReader(bytes, at);
  const short = reader.unsigned(4);
  const isLong = short === longLength;
  const lengthBytes = isLong ? reader.unsigned(8) : short;
  if (lengthBytes === 0) return undefined;
  const idAt = reader.position;
  const end = idAt + lengthBytes;
  // Of 8 bytes in the long form of DWARF only.
  const idBytes = isLong && kind === 'debug-frame' ? 8 : 4;
  const id = reader.unsigned(idBytes);
  const body = reader.position;
  if (kind === 'eh-frame') return { at, end, body, commonAt: id === 0 ? undefined : idAt - id };
  const isCommon = idBytes === 4 ? id === longLength : id === 2 ** 64;
  return { at, end, body, commonAt: isCommon ? undefined : id };
}

function describe(
  section: FrameSection,
  entry: Entry,
  commonAt: number,
  commons: Map<number, CommonInformation> = new Map(),
): FrameDescription {
  const common = commons.get(commonAt) ?? readCommon(section, commonAt);
  commons.set(commonAt, common);
  const reader = new ByteReader(section.bytes.subarray(0, entry.end), entry.body);
  const start = readPointer(reader, common.pointerEncoding, section);
  const lengthBytes = readFormat(reader, common.pointerEncoding & formatMask, section.addressBytes);
  if (common.hasAugmentationData) reader.position += Number(reader.uleb());
  const instructions = section.bytes.subarray(reader.position, entry.end);
  return { common, start, lengthBytes, instructions };
}

function readCommon(section: FrameSection, at: number): CommonInformation {
  const entry = entryAt(section, at);
  if (entry === undefined || entry.commonAt !== undefined)
    throw new RangeError(`no common information entry at ${at}`);
  const reader = new ByteReader(section.bytes.subarray(0, entry.end), entry.body);
  const version = reader.unsigned(1);
  const augmentation = reader.text();
  if (augmentation.startsWith('eh')) reader.position += section.addressBytes;
  // Sizes of an address and of a segment selector.
  if (version >= 4) reader.position += 2;
  const codeAlignment = Number(reader.uleb());
  const dataAlignment = Number(reader.sleb());
  const returnColumn = version === 1 ? reader.unsigned(1) : Number(reader.uleb());
  const hasAugmentationData = augmentation.startsWith('z');
  const dataEnd = hasAugmentationData ? Number(reader.uleb()) + reader.position : reader.position;
  let pointerEncoding: number = pointerEncodings.absolute;
  let isSignalFrame = false;
  for (const letter of augmentation.replace(/^eh/, '')) {
    if (letter === 'R') pointerEncoding = reader.unsigned(1);
    else if (letter === 'S') isSignalFrame = true;
    else if (letter === 'L') reader.position += 1;
    else if (letter === 'P') readPointer(reader, reader.unsigned(1) & ~relationMask, section);
    // What else there is has no data, or the data's end is known.
  }
  if (hasAugmentationData) reader.position = dataEnd;
  const instructions = section.bytes.subarray(reader.position, entry.end);
  return {
    codeAlignment,
    dataAlignment,
    returnColumn,
    isSignalFrame,
    pointerEncoding,
    hasAugmentationData,
    instructions,
  };
}
