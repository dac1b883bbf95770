/** Values of registers, from the target's bytes by their types. */
import type { BitField, RegisterType, StructField } from './register-type.js';
import { sizeOf } from './register-type.js';

/**
 * Integers and pointers are `bigint`, floats `number` (80 bits lose precision), one-bit flags `boolean`, values of an
 * enumeration their name where they have one; vectors are arrays, unions, structures and flags are objects.
 */
export type RegisterValue =
  | bigint
  | number
  | boolean
  | string
  | readonly RegisterValue[]
  | { readonly [field: string]: RegisterValue };

/** Which byte of a number comes first. */
export type ByteOrder = 'little' | 'big';

/** Bytes as a number without sign. */
export function bigintOf(bytes: Uint8Array, order: ByteOrder = 'little'): bigint {
  let value = 0n;
  const ordered = order === 'little' ? bytes.toReversed() : bytes;
  for (const byte of ordered) value = (value << 8n) | BigInt(byte);
  return value;
}

/** The lowest bytes of a number, so many of them. */
export function bytesOf(value: bigint, sizeBytes: number, order: ByteOrder = 'little'): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = BigInt.asUintN(8 * sizeBytes, value);
  for (let i = 0; i < sizeBytes; i += 1) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return order === 'little' ? bytes : bytes.reverse();
}

export function typedValue(bytes: Uint8Array, type: RegisterType, order: ByteOrder): RegisterValue {
  switch (type.kind) {
    case 'integer': {
      const value = bigintOf(bytes, order);
      return type.isSigned ? BigInt.asIntN(8 * bytes.length, value) : value;
    }
    case 'pointer':
      return bigintOf(bytes, order);
    case 'boolean':
      return bigintOf(bytes, order) !== 0n;
    case 'float':
      return floatOf(bytes, type.format, order);
    case 'vector':
      return vectorOf(bytes, type.of, type.count, order);
    case 'union':
      return Object.fromEntries(
        type.fields.map(({ name, type: each }) => [
          name,
          typedValue(bytes.subarray(0, sizeOf(each) ?? bytes.length), each, order),
        ]),
      );
    case 'struct':
      return structOf(bytes, type.fields, order);
    case 'flags':
      return flagsOf(bigintOf(bytes, order), type.fields);
    case 'enum': {
      const value = bigintOf(bytes, order);
      return type.names.get(value) ?? value;
    }
  }
}

function vectorOf(bytes: Uint8Array, of: RegisterType, count: number, order: ByteOrder): RegisterValue[] {
  const each = sizeOf(of) ?? Math.floor(bytes.length / count);
  return Array.from({ length: count }, (_unused, index) =>
    typedValue(bytes.subarray(index * each, (index + 1) * each), of, order),
  );
}

function structOf(bytes: Uint8Array, fields: readonly StructField[], order: ByteOrder): RegisterValue {
  const bits = bigintOf(bytes, order);
  let at = 0;
  return Object.fromEntries(
    fields.map((field) => {
      if ('start' in field) return [field.name, bitsOf(bits, field)];
      const size = sizeOf(field.type) ?? bytes.length - at;
      const value = typedValue(bytes.subarray(at, at + size), field.type, order);
      at += size;
      return [field.name, value];
    }),
  );
}

function flagsOf(bits: bigint, fields: readonly BitField[]): RegisterValue {
  return Object.fromEntries(fields.map((field) => [field.name, bitsOf(bits, field)]));
}

function bitsOf(bits: bigint, { start, end, type }: BitField): RegisterValue {
  const value = BigInt.asUintN(end - start + 1, bits >> BigInt(start));
  if (type?.kind === 'enum') return type.names.get(value) ?? value;
  const isFlag = start === end && (type === undefined || type.kind === 'boolean');
  if (isFlag) return value !== 0n;
  return type?.kind === 'integer' && type.isSigned ? BigInt.asIntN(end - start + 1, value) : value;
}

type FloatFormat = Extract<RegisterType, { kind: 'float' }>['format'];

function floatOf(bytes: Uint8Array, format: FloatFormat, order: ByteOrder): number {
  const bits = bigintOf(bytes, order);
  const view = new DataView(new ArrayBuffer(8));
  switch (format) {
    case 'single':
      view.setUint32(0, Number(bits));
      return view.getFloat32(0);
    case 'double':
      view.setBigUint64(0, bits);
      return view.getFloat64(0);
    case 'bfloat16':
      // The upper half of a single.
      view.setUint32(0, Number(bits) * 0x10000);
      return view.getFloat32(0);
    case 'half':
      return scaled(bits, { exponentBits: 5, fractionBits: 10, hasIntegerBit: false });
    case 'extended':
      return scaled(bits, { exponentBits: 15, fractionBits: 63, hasIntegerBit: true });
  }
}

interface FloatLayout {
  readonly exponentBits: number;
  readonly fractionBits: number;
  /** The bit before the point is there, and not implied. */
  readonly hasIntegerBit: boolean;
}

/** A float that no DataView knows, as the nearest double. */
function scaled(bits: bigint, { exponentBits, fractionBits, hasIntegerBit }: FloatLayout): number {
  const significandBits = fractionBits + (hasIntegerBit ? 1 : 0);
  const significand = BigInt.asUintN(significandBits, bits);
  const exponent = Number(BigInt.asUintN(exponentBits, bits >> BigInt(significandBits)));
  const sign = (bits >> BigInt(significandBits + exponentBits)) & 1n ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  const fraction = BigInt.asUintN(fractionBits, significand);
  if (exponent === 2 ** exponentBits - 1) return fraction === 0n ? sign * Infinity : Number.NaN;
  const implied = !hasIntegerBit && exponent > 0 ? 2n ** BigInt(fractionBits) : 0n;
  const power = (exponent === 0 ? 1 : exponent) - bias - fractionBits;
  return sign * timesPowerOfTwo(Number(significand + implied), power);
}

/** In two steps, since the power alone may be too large or too small. */
function timesPowerOfTwo(value: number, power: number): number {
  const half = Math.trunc(power / 2);
  return value * 2 ** half * 2 ** (power - half);
}
