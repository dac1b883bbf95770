import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { Mnemonic } from 'iced-x86';
import { after, before, describe, it } from 'mocha';
import type { Plan } from '../../arch/plan.js';
import { decode, type Instruction } from '../../arch/x86/decode.js';
import { nativeBinding } from '../../src/native/binding.js';
import { Random, ReferenceDecoder, randomInstruction } from '../arch/x86/decode-reference.js';
import { compileFixture } from '../support/fixture.js';
import {
  dataBytes,
  type Outcome,
  OutOfLineHarness,
  registerOf,
  type State,
  setRegister,
} from './out-of-line-harness.js';
import { type CodeMachine, codeMachines } from './out-of-line-machines.js';

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (digits) => Number.parseInt(digits, 16));
}

/** An address in the middle of the data, where displacements of 2 KiB do not leave it. */
function dataPointer(harness: OutOfLineHarness, random: Random): bigint {
  return harness.dataAddress + 0x2000n + BigInt(random.below(256) * 64);
}

function randomWord(random: Random): bigint {
  return random.bytes(8).reduce((word, byte) => (word << 8n) | BigInt(byte), 0n);
}

const data = Uint8Array.from(new Random(20).bytes(dataBytes));

function randomBytes(random: Random, lengthBytes: number): Uint8Array {
  const start = random.below(dataBytes - lengthBytes);
  return data.subarray(start, start + lengthBytes);
}

function randomState(machine: CodeMachine, harness: OutOfLineHarness, random: Random): State {
  const state = harness.newState(data);
  const pointer = (): bigint => dataPointer(harness, random);
  const set = (name: string, value: bigint): void => setRegister(machine, state.general, name, value);
  for (const name of machine.randomRegisters) {
    const makers = [pointer, pointer, pointer, () => BigInt(random.below(64)), () => randomWord(random)];
    set(name, random.pick(makers)());
  }
  set(machine.sp, pointer() + BigInt(random.below(8) * 8));
  // Carry, parity, adjust, zero, sign, overflow, and rarely direction.
  const direction = random.below(8) === 0 ? 0x400 : 0;
  set('eflags', BigInt((random.below(0x1000) & 0x8d5) | 0x202 | direction));
  for (const name of machine.segmentRegisters) set(name, BigInt(random.below(8) * 64));
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
  setNumber(xstate, 512, 8, BigInt(used));
  xstate[4] = 0xff;
  for (let register = 0; register < 8; register++) xstate.set(randomBytes(random, 10), 32 + register * 16);
}

function setNumber(bytes: Uint8Array, offset: number, lengthBytes: number, value: bigint): void {
  for (let byte = 0; byte < lengthBytes; byte++) {
    bytes[offset + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
  }
}

/** Makes operands and branches of a random instruction hit memory that is there. */
function aim(
  machine: CodeMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  instruction: Instruction,
  random: Random,
): void {
  const { displacement, immediate, lengthBytes, isRipRelative, isRelativeBranch, modRm } = instruction;
  if (displacement !== undefined && displacement.lengthBytes > 1) {
    const near = BigInt(random.below(512) - 256);
    const pointer = dataPointer(harness, random);
    const relative = pointer - harness.siteAddress - BigInt(lengthBytes);
    const isAbsolute = modRm === undefined || (machine.bits === 32 && modRm.mod === 0 && modRm.rm === 5);
    const value = isRipRelative ? relative : isAbsolute ? pointer : near;
    setNumber(bytes, displacement.offset, displacement.lengthBytes, value);
  }
  if (isRelativeBranch && immediate?.lengthBytes === 4) {
    setNumber(bytes, immediate.offset, 4, BigInt(random.below(0x800) - 0x400));
  }
}

/** Results that differ from run to run, waits, system calls, hypercalls; and x87 stores of the instruction's address. */
const excluded = new RegExp(
  [
    '^(Rdtscp?|Rdrand|Rdseed|Rdpmc|Rdpru|Rdpid|Cpuid|Xgetbv|Lsl|Mwaitx?|Umwait|Tpause|Getsec|Syscall|Sysenter|Vm.*)$',
    '^(S[gil]dt|Smsw|Str|Fn?stenv|Fn?save|Fxsave.*|Xsave.*)$',
  ].join('|'),
);

function isComparable(
  { bits }: CodeMachine,
  siteAddress: bigint,
  bytes: Uint8Array,
  made: Plan,
  random: Random,
): boolean {
  if (made.kind === 'refuse') return false;
  const isKernelCall = made.kind === 'slot' && bytes.at(-2) === 0xcd && bytes.at(-1) === 0x80;
  const target = made.kind === 'emulate' && 'target' in made.effect ? made.effect.target - siteAddress : -1n;
  const isEndless = target >= 0n && target < bytes.length;
  if (isKernelCall || isEndless) return false;
  const mnemonic = reference.decode(bytes, siteAddress, bits)?.instruction.mnemonic ?? Mnemonic.INVALID;
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
function beforeTrap(machine: CodeMachine, outcome: Outcome): Outcome | undefined {
  if (!pcBehindTrap.test(outcome.stop)) return undefined;
  const before = outcome.general.slice();
  setRegister(machine, before, machine.pc, registerOf(machine, before, machine.pc) - 1n);
  return { ...outcome, general: before, stop: 'step' };
}

function compare(
  machine: CodeMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  state: State,
  slot: bigint,
  tally: Tally,
): void {
  const made = machine.module.plan(bytes, harness.siteAddress);
  const actual = harness.runPastSite(bytes, made, slot, state, 'continue');
  if (actual === undefined) return;
  const expected = harness.runInPlace(bytes, state);
  const stepped = beforeTrap(machine, expected);
  const key = `${made.kind} ${stepped ? 'executed' : 'faulted'}`;
  tally.counts.set(key, (tally.counts.get(key) ?? 0) + 1);
  const found = differences(expected, actual);
  // A step of a repeated string instruction is one iteration.
  if (stepped !== undefined && decode(bytes, machine.bits)?.prefixes.repeat === undefined) {
    const actualStep = harness.runPastSite(bytes, made, slot, state, 'step');
    // A step over a system call stops inside the kernel, which shows the call's number there.
    if (actualStep) setRegister(machine, actualStep.general, machine.systemCall, -1n);
    const stepDifferences = actualStep ? differences(stepped, actualStep) : ['was refused'];
    found.push(...stepDifferences.map((text) => `after a step: ${text}`));
  }
  if (found.length > 0) tally.failures.push(`${hex(bytes)} (slot ${slot.toString(16)}): ${found.join('; ')}`);
}

type Chosen = readonly [text: string, registers: Readonly<Record<string, bigint>>];

const site64 = 0x4_0000_0800n;
const data64 = 0x4_0001_0000n;
const site32 = 0x4000_0800n;
const data32 = 0x4001_0000n;

/** Instructions that are hard to carry out elsewhere, with the registers that decide. */
const chosen64: readonly Chosen[] = [
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
  ['ff d0', { rax: site64 + 0x40n }],
  ['ff d4', { rsp: data64 + 0x2000n }],
  ['ff 54 24 08', {}],
  ['ff 15 f9 f7 00 00', {}],
  ['ff 25 f9 f7 00 00', {}],
  ['ff e0', { rax: site64 - 0x40n }],
  ['ff d0', { rax: 0x8000_0000_0000_0000n }],
  ['ff d0', { rax: site64 + 0x40n, rsp: 0x1000n }],
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
  ['f3 a4', { rcx: 5n, rsi: data64, rdi: data64 + 0x100n }],
  ['f3 a4', { rcx: 0n }],
  ['f3 48 ab', { rcx: 0x10000n, rdi: data64 }],
  ['f2 ae', { rcx: 100n, rdi: data64 }],
  ['0f 0b', {}],
  ['f7 f1', { rcx: 0n }],
  ['f4', {}],
  ['f0 48 89 c8', {}],
  ['48 8d 05 00 00 00 00', {}],
  ['48 c7 05 f5 f7 00 00 78 56 34 12', {}],
  ['8f 44 24 08', {}],
  ['5c', {}],
  ['c8 10 00 01', {}],
  ['c9', { rbp: data64 + 0x2000n }],
  ['d7', { rbx: data64, rax: 7n }],
  ['c5 f8 77', {}],
  ['c5 f9 74 c1', {}],
  ['c5 f9 7f 05 f8 f7 00 00', {}],
  ['62 f1 fd 48 6f 05 f6 f7 00 00', {}],
  ['fd', {}],
];

const chosen32: readonly Chosen[] = [
  ...Array.from({ length: 16 }, (_, code) => [`${(0x70 + code).toString(16)} 20`, {}] as const),
  ...Array.from({ length: 16 }, (_, code) => [`0f ${(0x80 + code).toString(16)} 20 fe ff ff`, {}] as const),
  ...['e0 20', 'e1 20', 'e2 20', 'e3 20'].flatMap((bytes) =>
    [0n, 1n, 2n, 0x8000_0000n, -1n].map((ecx) => [bytes, { ecx }] as const),
  ),
  ...Array.from({ length: 8 }, (_, register) => [(0x40 + register).toString(16), {}] as const),
  ...Array.from({ length: 8 }, (_, register) => [(0x48 + register).toString(16), {}] as const),
  ...Array.from({ length: 8 }, (_, register) => [(0x50 + register).toString(16), {}] as const),
  ...['06', '0e', '16', '1e', '0f a0', '0f a8', '60', '66 60', '61'].map((bytes) => [bytes, {}] as const),
  ['66 50', {}],
  ['6a 80', {}],
  ['68 00 00 00 80', {}],
  ['66 68 34 12', {}],
  ['e8 00 00 00 00', {}],
  ['e8 20 00 00 00', {}],
  ['eb 20', {}],
  ['e9 00 fe ff ff', {}],
  ['ff d0', { eax: site32 + 0x40n }],
  ['ff d4', { esp: data32 + 0x2000n }],
  ['ff 54 24 08', {}],
  ['ff 15 00 20 01 40', {}],
  ['ff 25 00 20 01 40', {}],
  ['ff e0', { eax: site32 - 0x40n }],
  ['ff d0', { eax: site32 + 0x40n, esp: 0x1000n }],
  ['c3', {}],
  ['c2 10 00', {}],
  ['9c', {}],
  ['66 9c', {}],
  ['8e d0', { eax: 0x2bn }],
  ['17', {}],
  ['cd 80', { eax: 20n }],
  ['cd 80', { eax: 0xffffn }],
  // These return through the vDSO to the address on the stack.
  ['0f 05', { eax: 20n, ebp: data32 + 0x2000n, esp: data32 + 0x2000n }],
  ['0f 34', { eax: 20n, ebp: data32 + 0x2000n, esp: data32 + 0x2000n }],
  ['f3 a4', { ecx: 5n, esi: data32, edi: data32 + 0x100n }],
  ['f2 ae', { ecx: 100n, edi: data32 }],
  ['0f 0b', {}],
  ['f7 f1', { ecx: 0n }],
  ['d4 00', {}],
  ['d4 0a', {}],
  ['27', {}],
  ['f4', {}],
  ['62 00', { eax: data32 }],
  ['c5 00', { eax: data32 }],
  ['67 8b 04', { esi: data32 }],
  ['8f 44 24 08', {}],
  ['5c', {}],
  ['c8 10 00 01', {}],
  ['c9', { ebp: data32 + 0x2000n }],
  ['d7', { ebx: data32, eax: 7n }],
  ['c5 f8 77', {}],
  ['c5 f9 7f 05 00 20 01 40', {}],
  ['62 f1 fd 48 6f 05 00 20 01 40', {}],
  ['fd', {}],
];

const chosen = { 64: chosen64, 32: chosen32 } as const;

const reference = new ReferenceDecoder();

for (const machine of codeMachines) {
  describe(`out-of-line execution against execution in place: ${machine.name}`, () => {
    const { plan } = machine.module;
    let harness: OutOfLineHarness;

    before(async () => {
      harness = new OutOfLineHarness(
        machine,
        await compileFixture('out-of-line-harness', { machine: machine.name }),
      );
    });

    after(() => harness[Symbol.dispose]());

    it('random instructions leave the same registers, memory and signals', () => {
      const random = new Random(21);
      const tally: Tally = { counts: new Map(), failures: [] };
      for (let attempt = 0; attempt < 20_000; attempt++) {
        const modRm = random.below(3) === 0 ? (random.below(8) << 3) | 5 : undefined;
        const bytes = randomInstruction(random, modRm);
        const instruction = decode(bytes, machine.bits);
        if (instruction === undefined) continue;
        const exact = bytes.slice(0, instruction.lengthBytes);
        aim(machine, harness, exact, instruction, random);
        const made = plan(exact, harness.siteAddress);
        if (!isComparable(machine, harness.siteAddress, exact, made, random)) continue;
        const state = randomState(machine, harness, random);
        compare(machine, harness, exact, state, random.pick(machine.slotAddresses), tally);
      }
      assert.deepEqual(tally.failures.slice(0, 30), []);
      for (const key of ['emulate executed', 'slot executed', 'slot faulted']) {
        assert.ok((tally.counts.get(key) ?? 0) > 200, JSON.stringify([...tally.counts]));
      }
    });

    for (const [text, registers] of chosen[machine.bits]) {
      const settings = Object.entries(registers).map(([name, value]) => ` ${name}=${value.toString(16)}`);
      it(`${text}${settings.join('')}`, () => {
        const random = new Random(22);
        const tally: Tally = { counts: new Map(), failures: [] };
        for (let round = 0; round < 8; round++) {
          const state = randomState(machine, harness, random);
          for (const [name, value] of Object.entries(registers))
            setRegister(machine, state.general, name, value);
          for (const slot of machine.slotAddresses)
            compare(machine, harness, fromHex(text), state, slot, tally);
        }
        assert.deepEqual(tally.failures, []);
        assert.notEqual(tally.counts.size, 0);
      });
    }

    /** The stack pointer far from any stack, and in memory that programs cannot write but tracers can. */
    const stacks = [
      ['unmapped', 0x1000n],
      ['read-only', machine.codeAddress + 0xc00n],
      ['at the lowest address', 0n],
    ] as const;
    for (const [name, sp] of stacks) {
      for (const text of ['e8 00 00 00 00', '50', '6a 01']) {
        it(`${text} is left to the program where its stack is ${name}`, () => {
          const state = randomState(machine, harness, new Random(23));
          setRegister(machine, state.general, machine.sp, sp);
          const bytes = fromHex(text);
          const made = plan(bytes, harness.siteAddress);
          const outcome = harness.runPastSite(bytes, made, machine.slotAddresses[0], state, 'continue');
          assert.equal(outcome?.stop, undefined);
        });
      }
    }
  });
}
