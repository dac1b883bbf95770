/** One thread of a traced process: its run state and its registers. */
import type { DebugImage, Register, RegisterFile, RegsetAccess, RegsetRow } from '../../arch/module.js';
import { littleEndian, numberOf } from '../base/byte-order.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { type Address, address, type KernelSignal, type Pid, type Tid } from '../base/ids.js';
import { sameBytes } from '../base/same-bytes.js';
import { isNativeError } from '../native/binding.js';
import type { EvaluationOutcome, NativeTracer } from '../native/binding-types.js';
import type { CurrentCall } from './current-call.js';
import type { HitOwners } from './event.js';
import { callReturn } from './proc.js';
import type { Process } from './process.js';
import type { RangeRun } from './range-run.js';
import type { Telling } from './telling.js';

/** How a stopped thread stopped; decides what a signal given on resume means, ptrace(2). */
export type StopKind =
  /** It is about to get a signal, which may be replaced or dropped. */
  | 'signal-delivery'
  /** The process is in a job-control stop. */
  | 'group-stop'
  /** It is inside a system call that made a child or executed a program: its registers are yet to be set by it. */
  | 'system-call'
  /** Any other stop: a signal must be sent, it cannot be injected. */
  | 'event';

/** Whether a thread runs, and if not, how it stopped. */
export type ThreadState =
  | { readonly kind: 'running' }
  | { readonly kind: 'stopped'; readonly at: StopKind }
  /** A leader that has exited before its threads: it stays the process's name and never stops again. */
  | { readonly kind: 'zombie' }
  | { readonly kind: 'gone' };

/** What is left of a thread that has ended. */
export type EndState = Extract<ThreadState, { readonly kind: 'zombie' | 'gone' }>;

/** Of a thread in another thread group than the process that it is counted with. */
export interface ForeignOrigin {
  /** Its thread group. */
  readonly group: Pid;
  /** Handle of its memory in native code, when that is not the process's. @internal */
  readonly ownSpace: number | undefined;
}

/** A signal on its way, and what its handler is to be told of it where that is not what the kernel says. */
export interface InjectedSignal {
  readonly signal: number;
  /** siginfo_t in the program's own layout. */
  readonly siginfo?: Uint8Array;
}

const running: ThreadState = { kind: 'running' };

/** More than NT_ARM_ZA with the longest vectors, <linux/elf.h>. */
const longestRegsetBytes = 0x20000;

/** A thread of a traced process. Registers can be read and written while it is stopped. */
export class Thread {
  readonly tid: Tid;
  readonly process: Process;
  /** The kernel's thread group: the process, but for a foreign thread. */
  readonly group: Pid;
  readonly ownSpace: number | undefined;
  #state: ThreadState = running;
  #isKilled = false;
  /** Made when it is needed first: of thousands of threads hardly any is looked at. */
  #knownRegsets: Map<string, Uint8Array | undefined> | undefined;
  #regsetAccess: RegsetAccess | undefined;
  /** A signal that waits to be delivered when the thread goes on. */
  pendingSignal: KernelSignal | undefined;
  /** An engine's word on the pending signal: another one in its place, or 0 for none. @internal */
  signalOverride: number | undefined;
  /** A stop was asked for and has not come yet. @internal */
  isInterrupted = false;
  /** Made by another traced thread; its first stop has not come yet. @internal */
  isNew = false;
  /** It stays stopped until this child of its has stopped as well, after vfork(2) until the child has left its memory. @internal */
  awaitedChild: Process | undefined;
  /** An engine that was told of its stop has not answered yet: it stays stopped, and others are told afterwards. @internal */
  telling: Telling | undefined;
  /** It has stopped because it made a child, of which everybody is told when the child has stopped as well. @internal */
  owesChildEvent = false;
  /** It is left in a job-control stop, of which everybody was told, until that ends (PTRACE_LISTEN). @internal */
  isListening = false;
  /**
   * In a sleep that nothing interrupts (state D), with an interrupt pending: it runs no instruction of the program
   * before it stops, whenever that is.
   * @internal
   */
  isAsleep = false;
  /** The system call that it stands at an end of, when somebody has looked at it (`callOf`). */
  currentCall: CurrentCall | undefined;
  /** Signals that we sent ourselves and that are to be delivered without a word to anybody. @internal */
  injected: readonly InjectedSignal[] = [];
  /** How it goes through the range of its range step, when it is not stepped. @internal */
  rangeRun: RangeRun | undefined;
  /** The image that this thread's debug registers hold. @internal */
  debugImage: DebugImage;

  /** @internal */
  constructor(tid: Tid, process: Process, debugImage: DebugImage, origin?: ForeignOrigin) {
    this.tid = tid;
    this.process = process;
    this.group = origin?.group ?? process.pid;
    this.ownSpace = origin?.ownSpace;
    this.debugImage = debugImage;
  }

  get state(): ThreadState {
    return this.#state;
  }

  get isForeign(): boolean {
    return this.group !== this.process.pid;
  }

  get isStopped(): boolean {
    return this.#state.kind === 'stopped';
  }

  get isRunning(): boolean {
    return this.#state.kind === 'running';
  }

  get isAlive(): boolean {
    return this.#state.kind !== 'gone';
  }

  /** It never stops again: it is gone, or a leader that has exited before its threads. */
  get hasEnded(): boolean {
    return this.#state.kind === 'gone' || this.#state.kind === 'zombie';
  }

  /** It stays stopped, whatever is wished for, until something else has happened. @internal */
  get isAwaited(): boolean {
    return this.awaitedChild !== undefined || this.telling !== undefined;
  }

  /** @internal */
  enter(state: ThreadState): void {
    this.#state = state;
    this.telling = undefined;
    this.process.noteState(this);
    // Of one that is gone out of its stop they are all that is left.
    if (state.kind !== 'gone') this.forgetRegisters();
    if (state.kind !== 'stopped') return;
    this.#isKilled = false;
    this.isInterrupted = false;
    this.isAsleep = false;
  }

  /** It was killed out of its stop; that it is gone is still to come. @internal */
  leaveKilled(): void {
    this.#state = running;
    this.#isKilled = true;
    this.telling = undefined;
    this.process.noteState(this);
  }

  /** Its end is still to come, and that of its process. @internal */
  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** It was thought to be stopped and is gone: killed out of its stop, or in a system call made for us. */
  get hasVanished(): boolean {
    return this.isStopped && this.readRegister(this.process.registerFile.byRole('pc')) === undefined;
  }

  get pc(): Address {
    const bytes = this.readRegister(this.process.registerFile.byRole('pc'));
    if (bytes === undefined) throw this.#stateError('read the pc');
    return address(numberOf(bytes));
  }

  set pc(value: Address) {
    const register = this.process.registerFile.byRole('pc');
    this.writeRegister(register, littleEndian(value, register.bits / 8));
  }

  /**
   * Value in target byte order, bits/8 bytes; undefined: the value is not available.
   * @throws OutstepError WRONG_STATE while the thread runs, NO_SUCH_THREAD when it is gone.
   */
  readRegister(register: Register): Uint8Array | undefined {
    this.#mustBeStopped(`read ${register.name}`);
    return this.process.registerFile.read(register, this.#regsets());
  }

  /** As `readRegister`; of a thread that is gone, or about to be, what was read of it in its last stop. */
  lastRegister(register: Register): Uint8Array | undefined {
    if (this.isAlive && !this.#isKilled) return this.readRegister(register);
    return this.process.registerFile.read(register, this.#regsets());
  }

  /** False: the register cannot be written. Errors as `readRegister`. */
  writeRegister(register: Register, value: Uint8Array): boolean {
    this.#mustBeStopped(`write ${register.name}`);
    return this.process.registerFile.write(register, value, this.#regsets());
  }

  /** The registers of its machine, as wide as they are in this thread now. */
  fittedRegisters(): RegisterFile {
    this.#mustBeStopped('look at the registers');
    return this.process.registerFile.fitTo(this.#regsets());
  }

  /** Where the thread's own data begins (the base of its thread-local storage); undefined: not available. */
  get threadPointer(): bigint | undefined {
    this.#mustBeStopped('read the thread pointer');
    const [pointer = 0n] = this.process.stats.pointersOf(Int32Array.of(this.tid));
    return pointer === 0n ? undefined : pointer;
  }

  /**
   * siginfo_t of the signal that is about to be delivered, 128 bytes in the program's own layout; undefined when there
   * is none.
   */
  readSiginfo(): Uint8Array | undefined {
    this.#mustBeStopped('read siginfo');
    const { native, arch } = this.process;
    const own = native.getSiginfo(this.tid);
    return own && (arch.siginfo?.toProgram(own) ?? own);
  }

  /**
   * Sends a signal that no engine is asked about. Without `siginfo` (siginfo_t in the program's own layout, 128 bytes) the
   * program sees that this process has sent it, by tgkill(2). One that it blocks waits; a pending one of its kind takes
   * its place, signal(7). False: the thread is gone.
   */
  send(signal: KernelSignal, siginfo?: Uint8Array): boolean {
    this.injected = [...this.injected, siginfo === undefined ? { signal } : { signal, siginfo }];
    if (siginfo !== undefined) this.process.passSignalsChanged();
    const isSent = this.process.native.tgkill(this.group, this.tid, signal);
    this.process.tracer.schedulePump();
    return isSent;
  }

  /** One that we have sent has arrived; undefined: it is none of ours. @internal */
  takeInjected(signal: number): InjectedSignal | undefined {
    const found = this.injected.find((sent) => sent.signal === signal);
    if (found === undefined) return undefined;
    this.injected = this.injected.filter((sent) => sent !== found);
    if (found.siginfo !== undefined) {
      this.writeSiginfo(found.siginfo);
      this.process.passSignalsChanged();
    }
    return found;
  }

  /** Replaces what `readSiginfo` gives. False: the thread is gone. Errors as `readRegister`. */
  writeSiginfo(bytes: Uint8Array): boolean {
    this.#mustBeStopped('write siginfo');
    const { native, arch } = this.process;
    return native.setSiginfo(this.tid, arch.siginfo?.fromProgram(bytes) ?? bytes);
  }

  /** Whose hit the breakpoint is that this thread has reached. @internal */
  hitOwners(): HitOwners | undefined {
    return this.process.native.hitOwners(this.tid);
  }

  /**
   * Evaluates an agent expression; what it does to trace state variables stays, what it prints is in the outcome.
   * @throws OutstepError WRONG_STATE while the thread runs, NO_SUCH_THREAD when it is gone.
   */
  evaluate(program: Uint8Array): EvaluationOutcome {
    this.#mustBeStopped('evaluate an expression');
    const outcome = this.process.native.evaluate(this.tid, program);
    if (outcome === undefined) throw this.#stateError('evaluate an expression');
    return outcome;
  }

  /** Where it will go on in the program when the system call that it waits in is over; undefined: it waits in none. */
  callReturn(): Address | undefined {
    const at = this.isRunning ? callReturn(this.tid) : undefined;
    return at === undefined ? undefined : address(at);
  }

  /** Name of the thread (comm); empty when it is gone, or foreign: it bears that of a process then. */
  name(): string {
    return this.process.stats.nameOf(this);
  }

  /**
   * A regset as the kernel hands it over (`RegisterFile.regsets` has their names), not to be modified; undefined: the kernel
   * has none for this thread, or it is gone. @throws OutstepError as `readRegister`
   */
  readRegset(name: string): Uint8Array | undefined {
    this.#mustBeStopped(`read regset ${name}`);
    return this.#readRegset(name);
  }

  /** False: the kernel refuses what is in it. Errors as `readRegister`; @throws RangeError where there is no such set */
  writeRegset(name: string, bytes: Uint8Array): boolean {
    this.#mustBeStopped(`write regset ${name}`);
    return this.#writeRegset(name, bytes);
  }

  /**
   * Fetches regsets of stopped threads that are not known yet, all in one native call: reading them costs nothing more
   * until the threads run.
   * @internal
   */
  static fetchRegsets(native: NativeTracer, wanted: Iterable<readonly [Thread, string]>): void {
    const missing = new Map<Thread, Map<string, RegsetRow>>();
    for (const [thread, name] of wanted) {
      const row = thread.process.registerFile.regsets.find((candidate) => candidate.name === name);
      if (row === undefined || !thread.isStopped || thread.#knownRegsets?.has(name)) continue;
      missing.set(thread, (missing.get(thread) ?? new Map()).set(name, row));
    }
    const rows = [...missing].flatMap(([thread, sets]) => [...sets.values()].map((row) => ({ thread, row })));
    const sets = native.getRegsets(
      Int32Array.from(rows, ({ thread }) => thread.tid),
      Int32Array.from(rows, ({ row }) => row.noteType),
      Uint32Array.from(rows, ({ row }) => row.sizeBytes),
    );
    for (const [index, { thread, row }] of rows.entries()) thread.#keepRegset(row.name, sets[index]);
  }

  /** Made when it is needed first, as `#knownRegsets`. */
  #regsets(): RegsetAccess {
    this.#regsetAccess ??= {
      read: (regset) => this.#readRegset(regset),
      write: (regset, bytes) => this.#writeRegset(regset, bytes),
    };
    return this.#regsetAccess;
  }

  #readRegset(name: string): Uint8Array | undefined {
    const known = this.#knownRegsets;
    if (known?.has(name) || !this.isStopped) return known?.get(name);
    const row = this.process.registerFile.regsets.find((candidate) => candidate.name === name);
    const bytes = row && this.process.native.getRegset(this.tid, row.noteType, row.sizeBytes);
    this.#keepRegset(name, bytes);
    return bytes;
  }

  /** False: the kernel refuses what is in it. */
  #writeRegset(name: string, bytes: Uint8Array): boolean {
    const row = this.process.registerFile.regsets.find((candidate) => candidate.name === name);
    if (row === undefined) throw new RangeError(`no regset ${name}`);
    try {
      if (!this.process.native.setRegset(this.tid, row.noteType, bytes))
        throw this.#stateError(`write regset ${name}`);
    } catch (error) {
      if (!isNativeError(error)) throw error;
      return false;
    }
    if (row.isInterpreted === true) this.forgetRegisters();
    else this.#keepRegset(name, bytes);
    return true;
  }

  #keepRegset(name: string, bytes: Uint8Array | undefined): void {
    this.#knownRegsets ??= new Map();
    this.#knownRegsets.set(name, bytes);
  }

  /** @internal */
  endRangeRun(): void {
    this.rangeRun?.end();
    this.rangeRun = undefined;
  }

  /** Registers were changed behind the cache. */
  forgetRegisters(): void {
    this.#knownRegsets?.clear();
  }

  /**
   * Any set of registers that the kernel has, whether clients see them or not, by its note type (NT_*, <linux/elf.h>), as
   * the kernel hands it over. undefined: there is none for this thread. Errors as `readRegister`.
   */
  readNote(noteType: number): Uint8Array | undefined {
    this.#mustBeStopped('read the registers');
    return this.process.native.getRegset(this.tid, noteType, longestRegsetBytes);
  }

  /** Every regset as it is now, for `restoreRegsets`. Errors as `readRegister`. */
  saveRegsets(): ReadonlyMap<string, Uint8Array> {
    this.#mustBeStopped('read the registers');
    const saved = new Map<string, Uint8Array>();
    for (const { name } of this.process.registerFile.regsets) {
      const bytes = this.#readRegset(name);
      if (bytes !== undefined) saved.set(name, bytes.slice());
    }
    return saved;
  }

  /** Writes back what has changed since. @returns the names of the regsets that the kernel would not take back */
  restoreRegsets(saved: ReadonlyMap<string, Uint8Array>): readonly string[] {
    this.#mustBeStopped('write the registers');
    const refused: string[] = [];
    for (const [name, bytes] of saved) {
      const now = this.#readRegset(name);
      if (now === undefined || sameBytes(now, bytes)) continue;
      if (!this.#writeRegset(name, bytes)) refused.push(name);
    }
    return refused;
  }

  #mustBeStopped(what: string): void {
    if (!this.isStopped) throw this.#stateError(what);
  }

  #stateError(what: string): OutstepError {
    const who = `thread ${this.tid} of process ${this.process.pid}`;
    return this.isAlive
      ? new OutstepError(errorCodes.WRONG_STATE, `cannot ${what} of ${who}: it is ${this.#state.kind}`)
      : new OutstepError(errorCodes.NO_SUCH_THREAD, `cannot ${what} of ${who}: it is gone`);
  }
}
