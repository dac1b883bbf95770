/** A traced program in which single instructions are run from given states, in place or past a breakpoint site. */
import assert from 'node:assert/strict';
import type { Plan, SlotCode, SlotForm } from '../../arch/plan.js';
import { littleEndian, numberOf } from '../../src/base/byte-order.js';
import { machineFor } from '../../src/core/machine.js';
import { nativeArch } from '../../src/core/native-arch.js';
import { nativeBinding } from '../../src/native/binding.js';
import type { NativeEvent, NativePlan, NativeSlot, NativeTracer } from '../../src/native/binding-types.js';
import { timeFactor } from '../support/bounded.js';
import type { HarnessMachine } from './out-of-line-machine.js';

export const dataBytes = 0x8000;
const dataDistance = 0x10000n;
const pageBytes = 0x1000;
/** The instruction stands in the middle of the page, traps all around it. */
const siteDistance = 0x800n;

const generalNote = 1;
const stopLimitMs = 10_000;

export interface State {
  readonly general: Uint8Array;
  readonly vectors: Uint8Array;
  readonly data: Uint8Array;
}

/** What the program can observe of one instruction. */
export interface Outcome extends State {
  readonly stop: string;
}

export type Mode = 'continue' | 'step';

export function wordAt(bytes: Uint8Array, offset: number, lengthBytes: 4 | 8): bigint {
  return numberOf(bytes.subarray(offset, offset + lengthBytes));
}

export function setWord(bytes: Uint8Array, offset: number, lengthBytes: 4 | 8, value: bigint): void {
  bytes.set(littleEndian(BigInt.asUintN(lengthBytes * 8, value), lengthBytes), offset);
}

/** A register of the general regset. */
export function registerOf({ offsets, module }: HarnessMachine, general: Uint8Array, name: string): bigint {
  return wordAt(general, offsets[name] ?? Number.NaN, module.general.registerBytes);
}

export function setRegister(
  { offsets, module }: HarnessMachine,
  general: Uint8Array,
  name: string,
  value: bigint,
): void {
  setWord(general, offsets[name] ?? Number.NaN, module.general.registerBytes, value);
}

export class OutOfLineHarness implements Disposable {
  readonly siteAddress: bigint;
  readonly dataAddress: bigint;
  readonly #machine: HarnessMachine;
  readonly #generalBytes: number;
  readonly #tracer: NativeTracer;
  readonly #tid: number;
  readonly #space: number;
  readonly #initial: State;

  constructor(machine: HarnessMachine, program: string) {
    const { codeAddress, codeProtection, slotAddresses, module } = machine;
    const dataAddress = codeAddress + dataDistance;
    this.#machine = machine;
    this.#generalBytes = module.general.sizeBytes;
    this.siteAddress = codeAddress + siteDistance;
    this.dataAddress = dataAddress;
    const areas = [
      `${codeAddress.toString(16)}:${pageBytes.toString(16)}:${codeProtection}`,
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
      stdio: [],
      terminal: undefined,
      descriptors: [],
    });
    this.#waitForStop();
    this.#space = this.#tracer.addSpace(
      this.#tid,
      nativeArch(machineFor(module, nativeBinding().machineFacts())),
    );
    this.#tracer.adopt(this.#tid, this.#space);
    assert.equal(this.#tracer.resume(this.#tid, 'continue', 0), 'running');
    assert.equal(this.#waitForStop().code, 5, 'the areas are mapped');
    for (const address of [codeAddress, ...slotAddresses]) this.#write(address, this.#traps(pageBytes));
    this.#initial = this.#readState();
  }

  [Symbol.dispose](): void {
    this.#tracer.dispose();
  }

  /** A state with registers to be changed, and the given data. */
  newState(data: Uint8Array): State {
    const general = this.#initial.general.slice();
    this.#machine.begin(general);
    return { general, vectors: this.#initial.vectors.slice(), data: data.slice() };
  }

  /** Words at the stack pointer, as wide as a register. */
  setStack(state: State, words: readonly bigint[]): void {
    if (words.length === 0) return;
    const { sp, module } = this.#machine;
    const offset = Number(registerOf(this.#machine, state.general, sp) - this.dataAddress);
    const bytes = words.flatMap((word) => [...littleEndian(word, module.general.registerBytes)]);
    state.data.set(bytes, offset);
  }

  runInPlace(bytes: Uint8Array, state: State): Outcome {
    this.#write(this.siteAddress, bytes);
    const outcome = this.#run(state, 'continue');
    this.#write(this.siteAddress, this.#traps(bytes.length));
    assert.ok(outcome !== undefined, 'without a site nothing is refused');
    return outcome;
  }

  /**
   * `slot` is used where the plan needs one. Undefined: the instruction cannot be relocated to it, or has to be stepped
   * in place, be it that the plan refuses or that a write in the program's stead failed.
   */
  runPastSite(bytes: Uint8Array, plan: Plan, slot: bigint, state: State, mode: Mode): Outcome | undefined {
    const native = this.#nativePlan(plan, slot, bytes.slice(0, this.#machine.module.breakpoint.bytes.length));
    if (native === undefined) return undefined;
    this.#write(this.siteAddress, bytes);
    this.#write(this.siteAddress, this.#machine.module.breakpoint.bytes);
    this.#tracer.setSite(this.#space, this.siteAddress, native);
    const outcome = this.#run(state, mode);
    this.#tracer.removeSite(this.#space, this.siteAddress);
    this.#write(this.siteAddress, this.#traps(bytes.length));
    return outcome;
  }

  #nativePlan(plan: Plan, slot: bigint, original: Uint8Array): NativePlan | undefined {
    if (plan.kind === 'refuse') return undefined;
    const { lengthBytes } = plan;
    const code = plan.slot?.codeAt(slot);
    if (plan.kind === 'slot' && code === undefined) return undefined;
    const placed = code && plan.slot ? { slot: this.#place(plan.slot, code, slot) } : {};
    const { barredBranchTypes } = plan;
    const rest = { lengthBytes, original, barredBranchTypes, ...placed };
    return plan.kind === 'emulate'
      ? { kind: 'emulate', effect: plan.effect, ...rest }
      : { kind: 'slot', ...rest };
  }

  #place(
    form: SlotForm,
    { bytes, instructionBytes, entryOffset, parts }: SlotCode,
    address: bigint,
  ): NativeSlot {
    const lengthBytes = bytes.length;
    assert.ok(lengthBytes <= this.#machine.module.slotBytes, `${lengthBytes} bytes in a slot`);
    this.#write(address, bytes);
    const { fixups, barredStackBits, makesSystemCall } = form;
    const place = { address, lengthBytes, instructionBytes, entryOffset, parts };
    return { ...place, fixups, barredStackBits, makesSystemCall };
  }

  #run(state: State, mode: Mode): Outcome | undefined {
    const general = state.general.slice();
    setRegister(this.#machine, general, this.#machine.pc, this.siteAddress);
    assert.ok(this.#tracer.setRegset(this.#tid, generalNote, general));
    assert.ok(this.#tracer.setRegset(this.#tid, this.#machine.vectors().noteType, state.vectors));
    this.#write(this.dataAddress, state.data);
    const first = this.#resume(mode);
    // A site is passed by a thread that has met its trap.
    const last = typeof first === 'object' && first.atSite && !first.stepped ? this.#resume(mode) : first;
    if (last === 'refused') return undefined;
    const stop = last === 'done' || last.stepped ? 'step' : this.#describe(last);
    return { ...this.#readState(), stop };
  }

  #resume(mode: Mode): NativeEvent | 'refused' | 'done' {
    const result = this.#tracer.resume(this.#tid, mode, 0);
    assert.ok(result !== 'gone' && result !== 'sequence', result);
    return result === 'refused' || result === 'done' ? result : this.#waitForStop();
  }

  #describe(event: NativeEvent): string {
    const siginfo = this.#tracer.getSiginfo(this.#tid);
    const faultAddress =
      siginfo && event.code !== 5
        ? new DataView(siginfo.buffer, siginfo.byteOffset).getBigUint64(16, true).toString(16)
        : 'none';
    return `signal ${event.code} code ${event.signalCode} at ${event.pc.toString(16)}, address ${faultAddress}`;
  }

  #readState(): State {
    const general = this.#tracer.getRegset(this.#tid, generalNote, this.#generalBytes);
    const { noteType, sizeBytes } = this.#machine.vectors();
    const vectors = this.#tracer.getRegset(this.#tid, noteType, sizeBytes);
    assert.ok(general !== undefined && vectors !== undefined);
    this.#machine.settle(general, vectors);
    const data = new Uint8Array(dataBytes);
    assert.equal(this.#tracer.readMemory(this.#space, this.dataAddress, data), dataBytes);
    return { general, vectors, data };
  }

  /** Breakpoint instructions. */
  #traps(lengthBytes: number): Uint8Array {
    const { bytes } = this.#machine.module.breakpoint;
    return Uint8Array.from({ length: lengthBytes }, (_, index) => bytes[index % bytes.length] ?? 0);
  }

  #write(address: bigint, bytes: Uint8Array): void {
    assert.equal(this.#tracer.writeMemory(this.#space, address, bytes), bytes.length);
  }

  #waitForStop(): NativeEvent {
    const deadline = performance.now() + stopLimitMs * timeFactor;
    while (performance.now() < deadline) {
      const [event] = this.#tracer.wait(100, false);
      if (event === undefined || !('code' in event)) continue;
      assert.equal(event.kind, 'stopped', `the program lives (${event.kind} ${event.code})`);
      return event;
    }
    throw new Error('the program did not stop');
  }
}
