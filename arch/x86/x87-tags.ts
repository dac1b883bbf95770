/**
 * The x87 tag word. FXSAVE and XSAVE keep one bit for each physical register (0: empty); clients know the 16-bit
 * form of FSAVE with two bits each, which also says what kind of number the register holds. SDM volume 1, 8.1.7 and
 * 10.5.1.
 */

const statusOffset = 2;
const tagOffset = 4;
const stackOffset = 32;
const stackSlotBytes = 16;

const tag = { valid: 0, zero: 1, special: 2, empty: 3 } as const;

/** Tag of an 80-bit value: `significand` with its explicit integer bit, `exponent` without the sign. */
function tagOf(significand: bigint, exponent: number): number {
  if (exponent === 0) return significand === 0n ? tag.zero : tag.special;
  const isNormal = exponent !== 0x7fff && significand >> 63n === 1n;
  return isNormal ? tag.valid : tag.special;
}

/** The 16-bit tag word of the FXSAVE area at the start of `set`. */
export function readTagWord(set: Uint8Array): number {
  const view = new DataView(set.buffer, set.byteOffset, set.byteLength);
  const top = (view.getUint16(statusOffset, true) >> 11) & 7;
  const abridged = view.getUint8(tagOffset);
  let word = 0;
  for (let physical = 0; physical < 8; physical++) {
    // The stack slots are st(0), st(1)...; the tags are those of the physical registers.
    const slot = stackOffset + ((physical - top) & 7) * stackSlotBytes;
    const isEmpty = ((abridged >> physical) & 1) === 0;
    const kind = isEmpty
      ? tag.empty
      : tagOf(view.getBigUint64(slot, true), view.getUint16(slot + 8, true) & 0x7fff);
    word |= kind << (2 * physical);
  }
  return word;
}

/** Stores what of a 16-bit tag word the FXSAVE area keeps: which registers are empty. */
export function writeTagWord(set: Uint8Array, word: number): void {
  let abridged = 0;
  for (let physical = 0; physical < 8; physical++) {
    if (((word >> (2 * physical)) & 3) !== tag.empty) abridged |= 1 << physical;
  }
  set[tagOffset] = abridged;
}
