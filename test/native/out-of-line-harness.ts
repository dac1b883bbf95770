/** A traced program in which single instructions are run from given states, in place or past a breakpoint site. */
import assert from 'node:assert/strict';
import type { Plan } from '../../arch/plan.js';
import { jump } from '../../arch/x86_64/out-of-line.js';
import { nativeBinding } from '../../src/native/binding.js';
import type { NativeArch, NativeEvent, NativePlan, NativeTracer } from '../../src/native/binding-types.js';

export const codeAddress = 0x4_0000_0000n;
export const dataAddress = codeAddress + 0x10000n;
export const dataBytes = 0x8000;
/** In reach of the code at both ends of a 32-bit displacement, close to it, and out of reach. */
export const slotAddresses = [
  codeAddress + 0x20000n,
  codeAddress - 0x7000_0000n,
  codeAddress + 0x7000_0000n,
  codeAddress + 0x10_0000_0000n,
] as const;

const pageBytes = 0x1000;
/** The instruction stands in the middle of the page, traps all around it. */
export const siteAddress = codeAddress + 0x800n;

/** Offsets in `struct user_regs_struct`, <sys/user.h>. */
export const generalOffsets = {
  r15: 0,
  r14: 8,
  r13: 16,
  r12: 24,
  rbp: 32,
  rbx: 40,
  r11: 48,
  r10: 56,
  r9: 64,
  r8: 72,
  rax: 80,
  rcx: 88,
  rdx: 96,
  rsi: 104,
  rdi: 112,
  originalRax: 120,
  rip: 128,
  eflags: 144,
  rsp: 152,
  fsBase: 168,
  gsBase: 176,
} as const;

const generalNote = 1;
const generalBytes = 27 * 8;
const xstateNote = 0x202;
/** Last instruction pointer of the x87, XSTATE_BV: neither is part of what an instruction does. */
const ignoredXstate = [
  [8, 16],
  [512, 520],
] as const;
/** RF: set in the flags that a fault leaves. */
const resumeFlag = 0x10000n;

const nativeArch: NativeArch = {
  generalNote,
  generalSizeBytes: generalBytes,
  pcOffset: generalOffsets.rip,
  spOffset: generalOffsets.rsp,
  flagsOffset: generalOffsets.eflags,
  syscallNextOffset: generalOffsets.rcx,
  syscallFlagsOffset: generalOffsets.r11,
  syscallNumberOffset: -1,
  syscallInstructions: [],
  trapFlag: 0x100n,
  breakpointBytes: Uint8Array.of(0xcc),
  breakpointPcOffset: 1,
  breakpointTrapCodes: [0x80],
  debugStatusOffset: -1,
  debugStatusMask: 0n,
};

export interface State {
  readonly general: Uint8Array;
  readonly xstate: Uint8Array;
  readonly data: Uint8Array;
}

/** What the program can observe of one instruction. */
export interface Outcome extends State {
  readonly stop: string;
}

export type Mode = 'continue' | 'step';

export function wordAt(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true);
}

export function setWord(bytes: Uint8Array, offset: number, value: bigint): void {
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(offset, BigInt.asUintN(64, value), true);
}

export class OutOfLineHarness implements Disposable {
  readonly #tracer: NativeTracer;
  readonly #tid: number;
  readonly #space: number;
  readonly #initial: State;

  constructor(program: string) {
    const areas = [
      `${codeAddress.toString(16)}:${pageBytes.toString(16)}:5`,
      `${dataAddress.toString(16)}:${dataBytes.toString(16)}:3`,
      ...slotAddresses.map((address) => `${address.toString(16)}:${pageBytes.toString(16)}:5`),
    ];
    this.#tracer = new (nativeBinding().Tracer)();
    this.#tid = this.#tracer.spawn({
      file: program,
      args: [program, ...areas],
      environment: [],
      workingDirectory: undefined,
      disableRandomization: true,
      redirectStdio: false,
    });
    this.#waitForStop();
    this.#space = this.#tracer.addSpace(this.#tid, nativeArch);
    this.#tracer.adopt(this.#tid, this.#space);
    assert.equal(this.#tracer.resume(this.#tid, 'continue', 0), 'running');
    assert.equal(this.#waitForStop().code, 5, 'the areas are mapped');
    const code = new Uint8Array(pageBytes).fill(0xcc);
    for (const address of [codeAddress, ...slotAddresses]) this.#write(address, code);
    this.#initial = this.#readState();
  }

  [Symbol.dispose](): void {
    this.#tracer.dispose();
  }

  /** A state with registers to be changed, and the given data. */
  newState(data: Uint8Array): State {
    const { general, xstate } = this.#initial;
    setWord(general, generalOffsets.originalRax, -1n);
    return { general: general.slice(), xstate: xstate.slice(), data };
  }

  runInPlace(bytes: Uint8Array, state: State): Outcome {
    this.#write(siteAddress, bytes);
    const outcome = this.#run(state, 'continue');
    this.#write(siteAddress, new Uint8Array(bytes.length).fill(0xcc));
    assert.ok(outcome !== undefined, 'without a site nothing is refused');
    return outcome;
  }

  /**
   * `slot` is used where the plan needs one. Undefined: the instruction cannot be relocated to it, or has to be stepped
   * in place, be it that the plan refuses or that a write in the program's stead failed.
   */
  runPastSite(bytes: Uint8Array, plan: Plan, slot: bigint, state: State, mode: Mode): Outcome | undefined {
    const native = this.#nativePlan(plan, slot);
    if (native === undefined) return undefined;
    this.#write(siteAddress, bytes);
    this.#write(siteAddress, nativeArch.breakpointBytes);
    this.#tracer.setSite(this.#space, siteAddress, native);
    const outcome = this.#run(state, mode);
    this.#tracer.removeSite(this.#space, siteAddress);
    this.#write(siteAddress, new Uint8Array(bytes.length).fill(0xcc));
    return outcome;
  }

  #nativePlan(plan: Plan, slot: bigint): NativePlan | undefined {
    if (plan.kind === 'refuse') return undefined;
    if (plan.kind === 'emulate') return plan;
    const relocated = plan.relocate(slot);
    if (relocated === undefined) return undefined;
    const end = slot + BigInt(relocated.length);
    this.#write(slot, relocated);
    this.#write(end, jump(end, siteAddress + BigInt(plan.lengthBytes)));
    const { kind, lengthBytes, fixups } = plan;
    return { kind, lengthBytes, fixups, slot, slotLengthBytes: relocated.length };
  }

  #run(state: State, mode: Mode): Outcome | undefined {
    const general = state.general.slice();
    setWord(general, generalOffsets.rip, siteAddress);
    assert.ok(this.#tracer.setRegset(this.#tid, generalNote, general));
    assert.ok(this.#tracer.setRegset(this.#tid, xstateNote, state.xstate));
    this.#write(dataAddress, state.data);
    const first = this.#resume(mode);
    // A site is passed by a thread that has met its trap.
    const last = typeof first === 'object' && first.atSite && !first.stepped ? this.#resume(mode) : first;
    if (last === 'refused') return undefined;
    const stop = last === 'done' || last.stepped ? 'step' : this.#describe(last);
    return { ...this.#readState(), stop };
  }

  #resume(mode: Mode): NativeEvent | 'refused' | 'done' {
    const result = this.#tracer.resume(this.#tid, mode, 0);
    assert.notEqual(result, 'gone');
    return result === 'refused' || result === 'done' ? result : this.#waitForStop();
  }

  #describe(event: NativeEvent): string {
    const siginfo = this.#tracer.getSiginfo(this.#tid);
    const faultAddress = siginfo && event.code !== 5 ? wordAt(siginfo, 16).toString(16) : 'none';
    return `signal ${event.code} code ${event.signalCode} at ${event.pc.toString(16)}, address ${faultAddress}`;
  }

  #readState(): State {
    const general = this.#tracer.getRegset(this.#tid, generalNote, generalBytes);
    const xstate = this.#tracer.getRegset(
      this.#tid,
      xstateNote,
      nativeBinding().machineFacts().xsaveSizeBytes,
    );
    assert.ok(general !== undefined && xstate !== undefined);
    const flags = wordAt(general, generalOffsets.eflags);
    setWord(general, generalOffsets.eflags, flags & ~resumeFlag);
    for (const [start, end] of ignoredXstate) xstate.fill(0, start, end);
    const data = new Uint8Array(dataBytes);
    assert.equal(this.#tracer.readMemory(this.#space, dataAddress, data), dataBytes);
    return { general, xstate, data };
  }

  #write(address: bigint, bytes: Uint8Array): void {
    assert.equal(this.#tracer.writeMemory(this.#space, address, bytes), bytes.length);
  }

  #waitForStop(): NativeEvent {
    const deadline = performance.now() + 10_000;
    while (performance.now() < deadline) {
      const [event] = this.#tracer.wait(100, false);
      if (event === undefined) continue;
      assert.equal(event.kind, 'stopped', `the program lives (${event.kind} ${event.code})`);
      return event;
    }
    throw new Error('the program did not stop');
  }
}
