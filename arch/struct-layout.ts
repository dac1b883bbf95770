/** Structs of the kernel's interface: where the C compilers of Linux put their fields. */
import type { DataModel } from './system-call-table.js';

/** Numbers by sign and bits; `long` and `ulong` are as wide as pointers; a number alone is so many bytes, not read. */
export type FieldType =
  | 'i8'
  | 'u8'
  | 'i16'
  | 'u16'
  | 'i32'
  | 'u32'
  | 'i64'
  | 'u64'
  | 'long'
  | 'ulong'
  | 'pointer'
  | number;

export type Fields<Name extends string> = Readonly<Record<Name, FieldType>>;

interface Place {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly isSigned: boolean;
  readonly isRead: boolean;
}

export interface StructLayout<Name extends string> {
  readonly sizeBytes: number;
  offsetOf(name: Name): number;
  /** Fields that lie wholly inside `bytes`; the others are 0. */
  read(bytes: Uint8Array): Record<Name, bigint>;
}

function widthOf(type: Exclude<FieldType, number>, model: DataModel): number {
  const bits = /\d+$/.exec(type);
  return bits === null ? model.longBytes : Number(bits[0]) / 8;
}

export function layoutOf<Name extends string>(fields: Fields<Name>, model: DataModel): StructLayout<Name> {
  const places: Place[] = [];
  let end = 0;
  let widest = 1;
  for (const [name, type] of Object.entries<FieldType>(fields)) {
    const isRead = typeof type !== 'number';
    const bytes = isRead ? widthOf(type, model) : type;
    const alignment = !isRead ? 1 : bytes === 8 ? model.longLongAlignmentBytes : bytes;
    const offset = Math.ceil(end / alignment) * alignment;
    places.push({ name, offset, bytes, isSigned: type === 'long' || String(type).startsWith('i'), isRead });
    end = offset + bytes;
    widest = Math.max(widest, alignment);
  }
  return {
    sizeBytes: Math.ceil(end / widest) * widest,
    offsetOf: (name) => places.find((place) => place.name === name)?.offset ?? 0,
    read: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const values = places.map((place) => [place.name, numberAt(view, place)]);
      return Object.fromEntries(values) as Record<Name, bigint>;
    },
  };
}

function numberAt(view: DataView, { offset, bytes, isSigned, isRead }: Place): bigint {
  if (!isRead || offset + bytes > view.byteLength) return 0n;
  switch (bytes) {
    case 1:
      return BigInt(isSigned ? view.getInt8(offset) : view.getUint8(offset));
    case 2:
      return BigInt(isSigned ? view.getInt16(offset, true) : view.getUint16(offset, true));
    case 4:
      return BigInt(isSigned ? view.getInt32(offset, true) : view.getUint32(offset, true));
    default:
      return isSigned ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true);
  }
}
