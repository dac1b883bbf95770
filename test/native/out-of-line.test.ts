import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Mnemonic } from 'iced-x86';
import { after, before, describe, it } from 'mocha';
import type { Plan } from '../../arch/plan.js';
import { decode, type Instruction } from '../../arch/x86_64/decode.js';
import { plan } from '../../arch/x86_64/out-of-line.js';
import { nativeBinding } from '../../src/native/binding.js';
import { Random, ReferenceDecoder, randomInstruction } from '../arch/x86_64/decode-reference.js';
import { compileFixture } from '../support/fixture.js';
import {
  dataAddress,
  dataBytes,
  generalOffsets,
  type Outcome,
  OutOfLineHarness,
  type State,
  setWord,
  siteAddress,
  slotAddresses,
  wordAt,
} from './out-of-line-harness.js';

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}

/** An address in the middle of the data, where displacements of 2 KiB do not leave it. */
function dataPointer(random: Random): bigint {
  return dataAddress + 0x2000n + BigInt(random.below(256) * 64);
}

function randomWord(random: Random): bigint {
  return random.bytes(8).reduce((word, byte) => (word << 8n) | BigInt(byte), 0n);
}

const general = Object.entries(generalOffsets).filter(([name]) => /^r(?!ip|sp)/.test(name));

const data = Uint8Array.from(new Random(20).bytes(dataBytes));

function randomBytes(random: Random, lengthBytes: number): Uint8Array {
  const start = random.below(dataBytes - lengthBytes);
  return data.subarray(start, start + lengthBytes);
}

function randomState(harness: OutOfLineHarness, random: Random): State {
  const state = harness.newState(data);
  for (const [, offset] of general) {
    const makers = [dataPointer, dataPointer, dataPointer, () => BigInt(random.below(64)), randomWord];
    setWord(state.general, offset, random.pick(makers)(random));
  }
  setWord(state.general, generalOffsets.rsp, dataPointer(random) + BigInt(random.below(8) * 8));
  // Carry, parity, adjust, zero, sign, overflow, and rarely direction.
  const direction = random.below(8) === 0 ? 0x400 : 0;
  setWord(state.general, generalOffsets.eflags, BigInt((random.below(0x1000) & 0x8d5) | 0x202 | direction));
  // Segment bases of their own, where nothing lies that would keep what an instruction writes.
  setWord(state.general, generalOffsets.fsBase, BigInt(random.below(8) * 64));
  setWord(state.general, generalOffsets.gsBase, BigInt(random.below(8) * 64));
  fillVectors(state.xstate, random);
  return state;
}

/** Random x87, SSE, AVX and AVX-512 registers. Intel SDM volume 1 chapter 13: the XSAVE area. */
function fillVectors(xstate: Uint8Array, random: Random): void {
  const components = nativeBinding()
    .machineFacts()
    .xsaveComponents.filter(({ index }) => [2, 5, 6, 7].includes(index));
  const areas = [{ offset: 160, sizeBytes: 256 }, ...components];
  for (const { offset, sizeBytes } of areas) xstate.set(randomBytes(random, sizeBytes), offset);
  const used = components.reduce((mask, { index }) => mask | (1 << index), 3);
  setWord(xstate, 512, BigInt(used));
  xstate[4] = 0xff;
  for (let register = 0; register < 8; register++) xstate.set(randomBytes(random, 10), 32 + register * 16);
}

function setNumber(bytes: Uint8Array, offset: number, lengthBytes: number, value: bigint): void {
  for (let byte = 0; byte < lengthBytes; byte++) {
    bytes[offset + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
  }
}

/** Makes operands and branches of a random instruction hit memory that is there. */
function aim(bytes: Uint8Array, instruction: Instruction, random: Random): void {
  const { displacement, immediate, lengthBytes, isRipRelative, isRelativeBranch } = instruction;
  if (displacement !== undefined && displacement.lengthBytes > 1) {
    const near = BigInt(random.below(512) - 256);
    const relative = dataPointer(random) - siteAddress - BigInt(lengthBytes);
    const value = isRipRelative ? relative : displacement.lengthBytes === 8 ? dataPointer(random) : near;
    setNumber(bytes, displacement.offset, displacement.lengthBytes, value);
  }
  if (isRelativeBranch && immediate?.lengthBytes === 4) {
    setNumber(bytes, immediate.offset, 4, BigInt(random.below(0x800) - 0x400));
  }
}

/** Results that differ from run to run, waits, system calls, hypercalls; and x87 stores of the instruction's address. */
const excluded = new RegExp(
  [
    '^(Rdtscp?|Rdrand|Rdseed|Rdpmc|Rdpru|Rdpid|Cpuid|Xgetbv|Lsl|Mwaitx?|Umwait|Tpause|Getsec|Syscall|Vm.*)$',
    '^(S[gil]dt|Smsw|Str|Fn?stenv|Fn?save|Fxsave.*|Xsave.*)$',
  ].join('|'),
);

function isComparable(bytes: Uint8Array, made: Plan, reference: ReferenceDecoder, random: Random): boolean {
  if (made.kind === 'refuse') return false;
  const isKernelCall = made.kind === 'slot' && bytes.at(-2) === 0xcd && bytes.at(-1) === 0x80;
  const target = made.kind === 'emulate' && 'target' in made.effect ? made.effect.target - siteAddress : -1n;
  const isEndless = target >= 0n && target < bytes.length;
  if (isKernelCall || isEndless) return false;
  const mnemonic = reference.decode(bytes, siteAddress)?.instruction.mnemonic ?? Mnemonic.INVALID;
  // Of those that always fault a few are enough.
  if (mnemonic === Mnemonic.INVALID && random.below(10) > 0) return false;
  return !excluded.test(Mnemonic[mnemonic]);
}

function differences(expected: Outcome, actual: Outcome): string[] {
  const texts = expected.stop === actual.stop ? [] : [`${actual.stop} instead of ${expected.stop}`];
  for (const part of ['general', 'xstate', 'data'] as const) {
    if (isDeepStrictEqual(expected[part], actual[part])) continue;
    const offset = expected[part].findIndex((byte, index) => byte !== actual[part][index]);
    const words = [actual, expected].map((outcome) =>
      hex(outcome[part].subarray(offset & ~7, (offset & ~7) + 8)),
    );
    texts.push(`${part} differs at ${offset}: ${words.join(' instead of ')}`);
  }
  return texts;
}

interface Tally {
  /** How many instructions were compared, by the way they were carried out and whether they faulted. */
  readonly counts: Map<string, number>;
  readonly failures: string[];
}

const pcBehindTrap = /^signal 5 code 128 /;

/** The state before the trap that ended a run: after one step. Undefined: the run ended otherwise. */
function beforeTrap(outcome: Outcome): Outcome | undefined {
  if (!pcBehindTrap.test(outcome.stop)) return undefined;
  const before = outcome.general.slice();
  setWord(before, generalOffsets.rip, wordAt(before, generalOffsets.rip) - 1n);
  return { ...outcome, general: before, stop: 'step' };
}

function compare(
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  state: State,
  slot: bigint,
  tally: Tally,
): void {
  const made = plan(bytes, siteAddress);
  const actual = harness.runPastSite(bytes, made, slot, state, 'continue');
  if (actual === undefined) return;
  const expected = harness.runInPlace(bytes, state);
  const stepped = beforeTrap(expected);
  const key = `${made.kind} ${stepped ? 'executed' : 'faulted'}`;
  tally.counts.set(key, (tally.counts.get(key) ?? 0) + 1);
  const found = differences(expected, actual);
  // A step of a repeated string instruction is one iteration.
  if (stepped !== undefined && decode(bytes)?.prefixes.repeat === undefined) {
    const actualStep = harness.runPastSite(bytes, made, slot, state, 'step');
    // A step over a system call stops inside the kernel, which shows the call's number there.
    if (actualStep) setWord(actualStep.general, generalOffsets.originalRax, -1n);
    const stepDifferences = actualStep ? differences(stepped, actualStep) : ['was refused'];
    found.push(...stepDifferences.map((text) => `after a step: ${text}`));
  }
  if (found.length > 0) tally.failures.push(`${hex(bytes)} (slot ${slot.toString(16)}): ${found.join('; ')}`);
}

/** Instructions that are hard to carry out elsewhere, with the registers that decide. */
const chosen: readonly (readonly [string, Readonly<Partial<Record<keyof typeof generalOffsets, bigint>>>])[] =
  [
    ...Array.from({ length: 16 }, (_, code) => [`${(0x70 + code).toString(16)} 20`, {}] as const),
    ...Array.from({ length: 16 }, (_, code) => [`0f ${(0x80 + code).toString(16)} 20 fe ff ff`, {}] as const),
    ...['e0 20', 'e1 20', 'e2 20', 'e3 20', '67 e0 20', '67 e1 20', '67 e2 20', '67 e3 20'].flatMap((bytes) =>
      [0n, 1n, 2n, 0x1_0000_0000n, 0x1_0000_0001n, -1n].map((rcx) => [bytes, { rcx }] as const),
    ),
    ...Array.from({ length: 8 }, (_, register) => [(0x50 + register).toString(16), {}] as const),
    ...Array.from({ length: 8 }, (_, register) => [`41 ${(0x50 + register).toString(16)}`, {}] as const),
    ['66 50', {}],
    ['6a 80', {}],
    ['68 00 00 00 80', {}],
    ['66 68 34 12', {}],
    ['0f a0', {}],
    ['0f a8', {}],
    ['e8 00 00 00 00', {}],
    ['e8 20 00 00 00', {}],
    ['eb 20', {}],
    ['e9 00 fe ff ff', {}],
    ['ff d0', { rax: siteAddress + 0x40n }],
    ['ff d4', { rsp: dataAddress + 0x2000n }],
    ['ff 54 24 08', {}],
    ['ff 15 f9 f7 00 00', {}],
    ['ff 25 f9 f7 00 00', {}],
    ['ff e0', { rax: siteAddress - 0x40n }],
    ['ff d0', { rax: 0x8000_0000_0000_0000n }],
    ['ff d0', { rax: siteAddress + 0x40n, rsp: 0x1000n }],
    ['c3', {}],
    ['c2 10 00', {}],
    ['f3 c3', {}],
    ['9c', {}],
    ['66 9c', {}],
    ['8e d0', { rax: 0x2bn }],
    ['8e d0', { rax: 0x33n }],
    ['0f 05', { rax: 39n }],
    ['f3 0f 05', { rax: 39n }],
    ['0f 05', { rax: 0xffffn }],
    ['cd 80', { rax: 20n }],
    ['f3 a4', { rcx: 5n, rsi: dataAddress, rdi: dataAddress + 0x100n }],
    ['f3 a4', { rcx: 0n }],
    ['f3 48 ab', { rcx: 0x10000n, rdi: dataAddress }],
    ['f2 ae', { rcx: 100n, rdi: dataAddress }],
    ['0f 0b', {}],
    ['f7 f1', { rcx: 0n }],
    ['f4', {}],
    ['f0 48 89 c8', {}],
    ['48 8d 05 00 00 00 00', {}],
    ['48 c7 05 f5 f7 00 00 78 56 34 12', {}],
    ['8f 44 24 08', {}],
    ['5c', {}],
    ['c8 10 00 01', {}],
    ['c9', { rbp: dataAddress + 0x2000n }],
    ['d7', { rbx: dataAddress, rax: 7n }],
    ['c5 f8 77', {}],
    ['c5 f9 74 c1', {}],
    ['c5 f9 7f 05 f8 f7 00 00', {}],
    ['62 f1 fd 48 6f 05 f6 f7 00 00', {}],
    ['fd', {}],
  ];

describe('out-of-line execution against execution in place', () => {
  let harness: OutOfLineHarness;
  const reference = new ReferenceDecoder();

  before(async () => {
    harness = new OutOfLineHarness(await compileFixture('out-of-line-harness'));
  });

  after(() => harness[Symbol.dispose]());

  it('random instructions leave the same registers, memory and signals', () => {
    const random = new Random(21);
    const tally: Tally = { counts: new Map(), failures: [] };
    for (let attempt = 0; attempt < 20_000; attempt++) {
      const modRm = random.below(3) === 0 ? (random.below(8) << 3) | 5 : undefined;
      const bytes = randomInstruction(random, modRm);
      const instruction = decode(bytes);
      if (instruction === undefined) continue;
      const exact = bytes.slice(0, instruction.lengthBytes);
      aim(exact, instruction, random);
      if (!isComparable(exact, plan(exact, siteAddress), reference, random)) continue;
      compare(harness, exact, randomState(harness, random), random.pick(slotAddresses), tally);
    }
    assert.deepEqual(tally.failures.slice(0, 30), []);
    for (const key of ['emulate executed', 'slot executed', 'slot faulted']) {
      assert.ok((tally.counts.get(key) ?? 0) > 200, JSON.stringify([...tally.counts]));
    }
  });

  for (const [text, registers] of chosen) {
    const settings = Object.entries(registers).map(([name, value]) => ` ${name}=${value.toString(16)}`);
    it(`${text}${settings.join('')}`, () => {
      const random = new Random(22);
      const tally: Tally = { counts: new Map(), failures: [] };
      for (let round = 0; round < 8; round++) {
        const state = randomState(harness, random);
        for (const [name, offset] of Object.entries(generalOffsets)) {
          const value = Object.entries(registers).find(([wanted]) => wanted === name)?.[1];
          if (value !== undefined) setWord(state.general, offset, value);
        }
        for (const slot of slotAddresses) compare(harness, fromHex(text), state, slot, tally);
      }
      assert.deepEqual(tally.failures, []);
      assert.notEqual(tally.counts.size, 0);
    });
  }

  /** rsp far from any stack, and in memory that programs cannot write but tracers can. */
  const stacks = [
    ['unmapped', 0x1000n],
    ['read-only', siteAddress + 0x400n],
  ] as const;
  for (const [name, rsp] of stacks) {
    for (const text of ['e8 00 00 00 00', '50', '6a 01']) {
      it(`${text} is left to the program where its stack is ${name}`, () => {
        const state = randomState(harness, new Random(23));
        setWord(state.general, generalOffsets.rsp, rsp);
        const bytes = fromHex(text);
        const made = plan(bytes, siteAddress);
        const outcome = harness.runPastSite(bytes, made, slotAddresses[0], state, 'continue');
        assert.equal(outcome?.stop, undefined);
      });
    }
  }
});
