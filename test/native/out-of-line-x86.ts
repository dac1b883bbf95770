/** Single instructions of x86: which are compared, and what is no part of what they do. */
import { Mnemonic } from 'iced-x86';
import { decode } from '../../arch/x86/decode.js';
import { nativeBinding } from '../../src/native/binding.js';
import { ReferenceDecoder, randomInstruction } from '../arch/x86/decode-reference.js';
import type { Random } from '../support/random.js';
import { type OutOfLineHarness, setWord, wordAt } from './out-of-line-harness.js';
import { type HarnessMachine, hex } from './out-of-line-machine.js';
import { chosen } from './out-of-line-x86-chosen.js';
import { everyForm } from './out-of-line-x86-forms.js';
import { type CodeMachine, x86Codes } from './out-of-line-x86-machines.js';
import { aim, randomState } from './out-of-line-x86-states.js';

const reference = new ReferenceDecoder();

/** NT_X86_XSTATE, <linux/elf.h>. */
const xstateNote = 0x202;
/** Last instruction pointer of the x87, XSTATE_BV: neither is part of what an instruction does. */
const ignoredXstate = [
  [8, 16],
  [512, 520],
] as const;
/** RF: set in the flags that a fault leaves. */
const resumeFlag = 0x10000n;
/** SI_KERNEL. */
const trapCode = 128;

/** Results that differ from run to run, waits, system calls, hypercalls; and x87 stores of the instruction's address. */
const excluded = new RegExp(
  [
    '^(Rdtscp?|Rdrand|Rdseed|Rdpmc|Rdpru|Rdpid|Cpuid|Xgetbv|Lsl|Mwaitx?|Umwait|Tpause|Getsec|Syscall|Sysenter|Vm.*)$',
    '^(S[gil]dt|Smsw|Str|Fn?stenv|Fn?save|Fxsave.*|Xsave.*)$',
  ].join('|'),
);

function comparable(
  machine: CodeMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  random: Random,
): Uint8Array | undefined {
  const { bits, module } = machine;
  const instruction = decode(bytes, bits);
  if (instruction === undefined) return undefined;
  const exact = bytes.slice(0, instruction.lengthBytes);
  aim(machine, harness, exact, instruction, random);
  const made = module.plan(exact, harness.siteAddress);
  if (made.kind === 'refuse') return undefined;
  const isKernelCall = made.kind === 'slot' && exact.at(-2) === 0xcd && exact.at(-1) === 0x80;
  const target =
    made.kind === 'emulate' && 'target' in made.effect ? made.effect.target - harness.siteAddress : -1n;
  const isEndless = target >= 0n && target < exact.length;
  if (isKernelCall || isEndless) return undefined;
  const mnemonic =
    reference.decode(exact, harness.siteAddress, bits)?.instruction.mnemonic ?? Mnemonic.INVALID;
  // Of those that always fault a few are enough.
  if (mnemonic === Mnemonic.INVALID && random.below(10) > 0) return undefined;
  return excluded.test(Mnemonic[mnemonic]) ? undefined : exact;
}

function machineOf(code: CodeMachine): HarnessMachine {
  const { bits, offsets, systemCall } = code;
  const wordBytes = bits === 64 ? 8 : 4;
  const set = (general: Uint8Array, name: string, value: bigint): void => {
    const offset = offsets[name];
    if (offset !== undefined) setWord(general, offset, wordBytes, value);
  };
  return {
    name: code.name,
    fixture: code.name,
    module: code.module,
    codeAddress: code.codeAddress,
    codeProtection: 5,
    slotAddresses: code.slotAddresses,
    offsets,
    pc: code.pc,
    sp: code.sp,
    vectors: () => ({
      noteType: xstateNote,
      sizeBytes: nativeBinding().machineFacts().xsave?.sizeBytes ?? 0,
    }),
    surroundings: { before: new Uint8Array(), isGuarded: false },
    trapCode,
    begin: (general) => {
      set(general, systemCall, -1n);
      for (const name of ['fs', 'gs']) set(general, name, 0n);
    },
    settle: (general, vectors) => {
      const flagsOffset = offsets.eflags ?? Number.NaN;
      set(general, 'eflags', wordAt(general, flagsOffset, wordBytes) & ~resumeFlag);
      for (const [start, end] of ignoredXstate) vectors.fill(0, start, end);
    },
    // A step over a system call stops inside the kernel, which shows the call's number there.
    settleStep: (general) => set(general, systemCall, -1n),
    // The cause of an aborted transaction, which runs until then.
    settleChance: (bytes, general) => {
      if (beginsTransaction(bytes)) set(general, bits === 64 ? 'rax' : 'eax', 0n);
    },
    randomState: (harness, random) => randomState(code, harness, random),
    raisesTrap: (bytes) => bytes.at(-1) === 0xcc || (bytes.at(-2) === 0xcd && bytes.at(-1) === 3),
    // A step of a repeated string instruction is one iteration.
    isRepeated: (bytes) => decode(bytes, bits)?.prefixes.repeat !== undefined || beginsTransaction(bytes),
    comparable: (harness, bytes, random) => comparable(code, harness, bytes, random),
    randomInstruction: (random) => {
      const modRm = random.below(3) === 0 ? (random.below(8) << 3) | 5 : undefined;
      return randomInstruction(random, modRm);
    },
    everyForm: (random, rounds) => everyForm(random, bits, rounds),
    formsPerRound: 4000,
    chosen: chosen[bits],
    stackUsers: ['e8 00 00 00 00', '50', '6a 01', 'ff d0', '9c'],
  };
}

export const x86Machines: readonly HarnessMachine[] = x86Codes.map(machineOf);

/** XBEGIN: where a step of it ends differs between CPUs that abort every transaction. */
function beginsTransaction(bytes: Uint8Array): boolean {
  return /^(?:66|67|2e|36|3e|26|64|65|f2|f3|4[0-9a-f])*c7f8/.test(hex(bytes).replaceAll(' ', ''));
}
