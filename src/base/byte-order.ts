/** Numbers in little-endian byte order. */

export function littleEndian(value: bigint, lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

export function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
