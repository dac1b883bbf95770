/** An independent decoder, and byte strings that reach every corner of the opcode maps. */
import { Code, Decoder, DecoderOptions, Instruction as Reference } from 'iced-x86';
import type { CodeBits } from '../../../arch/x86/code-mode.js';
import type { Random } from '../../support/random.js';

const legacyPrefixes = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65];
const legacyEscapes: readonly (readonly number[])[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a], [0x0f, 0x0f]];

function randomPrefixes(random: Random): number[] {
  const count = random.pick([0, 0, 1, 1, 2, 3]);
  const prefixes = Array.from({ length: count }, () => random.pick(legacyPrefixes));
  if (random.below(3) === 0) prefixes.push(0x40 + random.below(16));
  // A REX in the wrong place.
  if (random.below(40) === 0) prefixes.unshift(0x40 + random.below(16));
  return prefixes;
}

function randomEvexStart(random: Random): number[] {
  const first = (random.below(256) & 0xf0) | random.pick([1, 2, 3, 5, 6]);
  return [0x62, first, random.below(256) | 4, random.below(256)];
}

const starts: readonly ((random: Random) => number[])[] = [
  (random) => [...randomPrefixes(random), ...random.pick(legacyEscapes)],
  (random) => [...randomPrefixes(random), ...random.pick(legacyEscapes)],
  (random) => [0xc5, random.below(256)],
  (random) => [0xc4, (random.below(256) & 0xe0) | (1 + random.below(3)), random.below(256)],
  randomEvexStart,
  (random) => [0x8f, (random.below(256) & 0xe0) | random.pick([8, 9, 10]), random.below(256)],
  (random) => random.bytes(3),
];

/** `modRm` is kept when it is given. The string has 15 bytes or more. */
export function randomInstruction(random: Random, modRm?: number): Uint8Array {
  const start = random.pick(starts)(random);
  return Uint8Array.from([
    ...start,
    random.below(256),
    modRm ?? random.below(256),
    ...random.bytes(24),
  ]).slice(0, 24);
}

/** Every opcode of every legacy map with every ModRM byte, without prefixes. */
export function* everyLegacyOpcode(random: Random): Generator<Uint8Array> {
  for (const escapeBytes of legacyEscapes) {
    for (let opcodeAndModRm = 0; opcodeAndModRm < 0x10000; opcodeAndModRm++) {
      const head = [...escapeBytes, opcodeAndModRm >> 8, opcodeAndModRm & 0xff];
      yield Uint8Array.from([...head, ...random.bytes(24 - head.length)]);
    }
  }
}

/** Every opcode of every VEX, EVEX and XOP map with every prefix class and the ModRM bytes that differ in layout. */
export function* everyVectorOpcode(random: Random): Generator<Uint8Array> {
  for (let selector = 0; selector < 256 * 4 * 2 * 12; selector++) {
    const opcode = selector & 0xff;
    const pp = (selector >> 8) & 3;
    const w = ((selector >> 10) & 1) << 7;
    const extensions = 0xe0;
    // vvvv = 1111: no register, which the forms with two operands demand.
    const last = w | 0x78 | random.pick([0, 4]) | pp;
    const evexLast = random.pick([0, 0x20, 0x40]) | 8 | random.below(2);
    const head = [
      [0xc5, 0xf8 | pp],
      [0xc4, extensions | 1, last],
      [0xc4, extensions | 2, last],
      [0xc4, extensions | 3, last],
      [0x62, 0xf1, last | 4, evexLast],
      [0x62, 0xf2, last | 4, evexLast],
      [0x62, 0xf3, last | 4, evexLast],
      [0x62, 0xf5, last | 4, evexLast],
      [0x62, 0xf6, last | 4, evexLast],
      [0x8f, extensions | 8, last],
      [0x8f, extensions | 9, last],
      [0x8f, extensions | 10, last],
    ][selector >> 11] ?? [0xc5, 0xf8];
    for (const modAndRm of [0x00, 0x04, 0x05, 0x41, 0x44, 0x80, 0x84, 0xc1]) {
      const modRm = modAndRm | (random.below(8) << 3);
      yield Uint8Array.from([...head, opcode, modRm, ...random.bytes(22 - head.length)]);
    }
  }
}

/** Decodes by the reference; undefined: it takes the bytes for no instruction. The result is valid until the next call. */
export class ReferenceDecoder {
  readonly #buffer = new Uint8Array(24);
  readonly #instruction = new Reference();

  decode(
    bytes: Uint8Array,
    address: bigint,
    bits: CodeBits,
    options = DecoderOptions.MPX,
  ): ReferenceFacts | undefined {
    this.#buffer.set(bytes);
    using decoder = disposable(new Decoder(bits, this.#buffer, options));
    decoder.value.ip = address;
    decoder.value.decodeOut(this.#instruction);
    if (this.#instruction.code === Code.INVALID) return undefined;
    const offsets = decoder.value.getConstantOffsets(this.#instruction);
    const facts = {
      instruction: this.#instruction,
      displacementOffset: offsets.displacementOffset,
      displacementBytes: offsets.displacementSize,
    };
    offsets.free();
    return facts;
  }
}

export interface ReferenceFacts {
  readonly instruction: Reference;
  readonly displacementOffset: number;
  readonly displacementBytes: number;
}

function disposable<T extends { free(): void }>(value: T): Disposable & { readonly value: T } {
  return { value, [Symbol.dispose]: () => value.free() };
}
