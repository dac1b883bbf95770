/** Single instructions of aarch64: which are compared, from which states. */

import { decode, wordAt as instructionAt, instructionBytes, textOf } from '../../arch/aarch64/decode.js';
import { aarch64 } from '../../arch/aarch64/index.js';
import type { Surroundings } from '../../arch/plan.js';
import { corpus, randomWord } from '../arch/aarch64/decode-reference.js';
import { Random } from '../support/random.js';
import { chosen, code } from './out-of-line-aarch64-chosen.js';
import { dataBytes, type OutOfLineHarness, type State, setWord, wordAt } from './out-of-line-harness.js';
import type { HarnessMachine } from './out-of-line-machine.js';

const registerCount = 31;
const pstateOffset = 264;
/** NT_PRFPREG, <linux/elf.h>: v0 to v31, fpsr, fpcr. */
const floatingPointNote = 2;
const floatingPointBytes = 528;
/** TRAP_BRKPT. */
const trapCode = 1;
const protRead = 1;
const protExecute = 4;
/** PROT_BTI, <asm/mman.h>. */
const protGuarded = 0x10;
/** PSTATE.SS: whether the kernel was stepping. */
const singleStep = 1n << 21n;

const data = Uint8Array.from(new Random(20).bytes(dataBytes));

function dataPointer(harness: OutOfLineHarness, random: Random): bigint {
  return harness.dataAddress + 0x2000n + BigInt(random.below(256) * 64);
}

function randomState(harness: OutOfLineHarness, random: Random, branchTypes: readonly bigint[]): State {
  const state = harness.newState(data);
  const pointer = (): bigint => dataPointer(harness, random);
  const wide = (): bigint => (BigInt(randomWord(random)) << 32n) | BigInt(randomWord(random));
  const makers = [pointer, pointer, pointer, () => BigInt(random.below(64)), wide];
  for (let register = 0; register < registerCount; register++)
    setWord(state.general, register * 8, 8, random.pick(makers)());
  setWord(state.general, registerCount * 8, 8, pointer() + BigInt(random.below(8) * 16));
  const pstate = (BigInt(random.below(16)) << 28n) | (random.pick(branchTypes) << 10n);
  setWord(state.general, pstateOffset, 8, pstate);
  for (let vector = 0; vector < 32; vector++) {
    const start = random.below(dataBytes - 16);
    state.vectors.set(data.subarray(start, start + 16), vector * 16);
  }
  return state;
}

/** Bits that are given, and the value that they have: system calls, waits for a time, counters, random numbers, SME. */
const excluded: readonly (readonly [mask: number, value: number])[] = [
  [0xffe0_001f, 0xd400_0001],
  [0xffff_f000, 0xd503_1000],
  [0xffff_ffe0, 0xd503_205f & ~0x1f],
  [0xffff_f01f, 0xd503_400f],
  [0xffff_f000, 0xd503_4000],
  [0xffff_f000, 0xd51b_4000],
  [0xffff_f000, 0xd53b_e000],
  [0xffff_ff00, 0xd53b_2400],
  [0xffff_f000, 0xd53b_9000],
  // irg, and what it is drawn from.
  [0xffe0_fc00, 0x9ac0_1000],
  // Streaming mode changes which vector registers there are.
  [0x9e00_0000, 0x8000_0000],
];

function isExcluded(word: number): boolean {
  return excluded.some(([mask, value]) => (word & mask) >>> 0 === value >>> 0);
}

/** Makes literals and branches of a random instruction hit memory that is there. */
function aimed(harness: OutOfLineHarness, word: number, random: Random): number {
  const instruction = decode(word);
  const near = random.below(128) - 64;
  switch (instruction.kind) {
    case 'literal': {
      const distance = Number(dataPointer(harness, random) - harness.siteAddress) / instructionBytes;
      return ((word & 0xff00_001f) | ((distance & 0x7ffff) << 5)) >>> 0;
    }
    case 'jump':
      return ((word & 0xfc00_0000) | (near & 0x3ff_ffff)) >>> 0;
    case 'conditional':
      return ((word & 0xff00_001f) | ((near & 0x7ffff) << 5)) >>> 0;
    case 'test': {
      const isBit = (word & 0x7e00_0000) === 0x3600_0000;
      return isBit
        ? ((word & 0xfff8_001f) | ((near & 0x3fff) << 5)) >>> 0
        : ((word & 0xff00_001f) | ((near & 0x7ffff) << 5)) >>> 0;
    }
    default:
      return word;
  }
}

function machineOf(name: string, isGuarded: boolean, branchTypes: readonly bigint[]): HarnessMachine {
  const surroundings: Surroundings = { before: new Uint8Array(), isGuarded };
  const comparable = (
    harness: OutOfLineHarness,
    bytes: Uint8Array,
    random: Random,
  ): Uint8Array | undefined => {
    const word = instructionAt(bytes, 0);
    if (word === undefined || isExcluded(word)) return undefined;
    const exact = textOf([aimed(harness, word, random)]);
    const made = aarch64.plan(exact, harness.siteAddress, surroundings);
    if (made.kind === 'refuse') return undefined;
    const isEndless =
      made.kind === 'emulate' && 'target' in made.effect && made.effect.target === harness.siteAddress;
    return isEndless ? undefined : exact;
  };
  const offsets = Object.fromEntries([
    ...Array.from({ length: registerCount }, (_, register) => [`x${register}`, register * 8]),
    ...[
      ['sp', 248],
      ['pc', 256],
      ['pstate', pstateOffset],
    ],
  ]);
  return {
    name,
    fixture: 'aarch64',
    module: aarch64,
    codeAddress: code,
    codeProtection: protRead | protExecute | (isGuarded ? protGuarded : 0),
    slotAddresses: [code + 0x20000n, code - 0x700_0000n, code + 0x700_0000n, code + 0x1000_0000n],
    offsets,
    pc: 'pc',
    sp: 'sp',
    vectors: () => ({ noteType: floatingPointNote, sizeBytes: floatingPointBytes }),
    surroundings,
    trapCode,
    begin: () => undefined,
    settle: (general) => {
      setWord(general, pstateOffset, 8, wordAt(general, pstateOffset, 8) & ~singleStep);
    },
    settleStep: () => undefined,
    settleChance: () => undefined,
    randomState: (harness, random) => randomState(harness, random, branchTypes),
    raisesTrap: (bytes) => ((instructionAt(bytes, 0) ?? 0) & 0xffe0_001f) >>> 0 === 0xd420_0000,
    // A step goes to the end of an exclusive sequence, which the core looks for.
    isRepeated: (bytes) => decode(instructionAt(bytes, 0) ?? 0).kind === 'load-exclusive',
    comparable,
    randomInstruction: (random) =>
      textOf([random.below(3) === 0 ? randomWord(random) : random.pick(classes)(random)]),
    everyForm: function* (random, rounds) {
      for (const word of corpus(random, Math.ceil(400 * rounds))) yield textOf([word]);
    },
    formsPerRound: 4000,
    chosen,
    stackUsers: ['e0 03 1f f8', 'fd 7b bf a9', 'fd 7b c1 a8', 'e0 03 40 f9'],
  };
}

const classes = Array.from({ length: 64 }, (_, index) => (random: Random) => {
  const words = corpus(random, 1);
  return words[index % words.length] ?? 0;
});

/** Code that is not guarded, and code into which indirect branches are checked, reached by each kind of branch. */
export const aarch64Machines: readonly HarnessMachine[] = [
  machineOf('aarch64', false, [0n, 0n, 1n, 2n, 3n]),
  machineOf('guarded aarch64', true, [0n, 0n, 1n, 2n, 3n]),
];
