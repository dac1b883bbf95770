/** Numbers in little-endian byte order. */

export function littleEndian(value: bigint, lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

export function numberOf(bytes: Uint8Array): bigint {
  // As wide as registers are: bit by bit each byte would be two numbers on the heap.
  if (bytes.length === 8) return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (bytes.length === 4) return BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
