/** Every opcode of every map, with every kind of operand. Sources: Intel SDM volume 2, AMD APM volumes 3 to 5. */
import type { CodeBits } from '../../arch/x86/code-mode.js';
import type { Random } from '../support/random.js';

type Start = (random: Random, bits: CodeBits) => readonly number[];

const mandatory = [[], [], [0x66], [0xf3], [0xf2]];
const others = [[0x67], [0xf0], [0x2e], [0x64], [0x65], [0x36]];

function legacy(...escapes: readonly number[]): Start {
  return (random, bits) => {
    const rex = bits === 64 && random.below(2) === 0 ? [0x40 + random.below(16)] : [];
    const other = random.below(6) === 0 ? random.pick(others) : [];
    return [...other, ...random.pick(mandatory), ...rex, ...escapes];
  };
}

/** R, X and B; inverted. In 32-bit code R and X must be 1, and B has no meaning. */
function extensions(random: Random, bits: CodeBits): number {
  return bits === 32 ? 0xe0 : random.pick([0xe0, 0xe0, random.below(8) << 5]);
}

/** vvvv: no register half of the time, as forms with two operands demand it. */
function lastVexByte(random: Random): number {
  const register = random.below(2) === 0 ? 0x78 : random.below(16) << 3;
  return (random.below(2) << 7) | register | (random.below(2) << 2) | random.below(4);
}

function vex(map: number): Start {
  return (random, bits) => [0xc4, extensions(random, bits) | map, lastVexByte(random)];
}

function evex(map: number): Start {
  return (random, bits) => [
    0x62,
    extensions(random, bits) | 0x10 | map,
    lastVexByte(random) | 4,
    (random.below(2) << 7) | random.pick([0, 0x20, 0x40]) | (random.below(2) << 4) | 8 | random.below(8),
  ];
}

function xop(map: number): Start {
  return (random, bits) => [0x8f, extensions(random, bits) | map, lastVexByte(random)];
}

const maps: readonly Start[] = [
  legacy(),
  legacy(0x0f),
  legacy(0x0f, 0x38),
  legacy(0x0f, 0x3a),
  legacy(0x0f, 0x0f),
  ...[1, 2, 3].map(vex),
  ...[1, 2, 3, 5, 6].map(evex),
  ...[8, 9, 10].map(xop),
];

/** Base register, base and displacement, index, relative to the pc or absolute, register. */
const operands: readonly ((random: Random) => readonly number[])[] = [
  (random) => [random.pick([0, 1, 2, 3, 6, 7])],
  (random) => [random.pick([0x40, 0x43, 0x45, 0x46]), random.below(256)],
  (random) => [random.pick([0x04, 0x44, 0x84]), random.below(256)],
  () => [0x05],
  (random) => [0xc0 | random.below(8)],
];

/** `rounds` times each opcode with each kind of operand, what else there is to choose at random. 24 bytes each. */
export function* everyForm(random: Random, bits: CodeBits, rounds: number): Generator<Uint8Array> {
  for (let round = 0; round < rounds; round++) {
    for (const start of maps) {
      for (let opcode = 0; opcode < 256; opcode++) {
        for (const operand of operands) {
          const [modRm = 0, ...rest] = operand(random);
          const head = [...start(random, bits), opcode, modRm | (random.below(8) << 3), ...rest];
          yield Uint8Array.from([...head, ...random.bytes(24 - head.length)]);
        }
      }
    }
  }
}
