/**
 * The system call that a stopped thread is about to make or has made: its arguments and its result, and how an engine
 * changes them or answers the call in the kernel's stead.
 */
import type { ArchModule } from '../../arch/module.js';
import { littleEndian } from '../base/byte-order.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import type { ThreadEvent } from './event.js';
import { GeneralRegisters } from './general-registers.js';
import type { Thread } from './thread.js';

/** A thread is on its way into a system call, or comes back from one. */
export type CallEvent = Extract<ThreadEvent, { readonly kind: 'system-call-entry' | 'system-call-return' }>;

const noCall = -1n;

/**
 * The system call that a stopped thread is in: its arguments and its result can be read, changed, or given in the
 * kernel's stead.
 */
export class CurrentCall {
  readonly thread: Thread;
  /** The kernel's number on the process's machine, also when the call has been answered or its registers were changed. */
  readonly number: number;
  readonly #registers: GeneralRegisters;
  #end: 'entry' | 'return';
  #arguments: readonly bigint[] | undefined;
  #isAnswered = false;
  /** What the program had in the registers of arguments that were changed, by their offset. */
  readonly #own = new Map<number, bigint>();

  constructor(thread: Thread, number: number, end: 'entry' | 'return') {
    this.thread = thread;
    this.#registers = new GeneralRegisters(thread);
    this.number = number;
    this.#end = end;
  }

  get end(): 'entry' | 'return' {
    return this.#end;
  }

  /** An engine has given the result: the kernel does not see the call. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /**
   * Six, each as the whole register, unsigned, whatever the call takes; those that the call was made with, when it has
   * returned.
   */
  get arguments(): readonly bigint[] {
    this.#arguments ??= this.#layout.argumentOffsets.map((offset) => this.#registers.read(offset));
    return this.#arguments;
  }

  /** Keeps the arguments. */
  look(): void {
    this.#arguments = this.arguments;
  }

  /**
   * The call is made with another argument; the program does not find it in the register afterwards.
   * @throws OutstepError WRONG_STATE behind the call
   */
  setArgument(index: number, value: bigint): void {
    const offset = this.#layout.argumentOffsets[index];
    if (offset === undefined) throw new RangeError(`system calls have no argument ${index}`);
    this.#mustBeAt('entry', 'change an argument');
    const args = this.arguments;
    if (!this.#own.has(offset)) this.#own.set(offset, this.#registers.read(offset));
    this.#registers.write(offset, value);
    this.#arguments = args.with(index, this.#registers.read(offset));
  }

  /**
   * The kernel does not see the call, and the program gets `result`: a negative error number (errno(3)), or what the call
   * is said to return.
   * @throws OutstepError WRONG_STATE behind the call
   */
  answer(result: bigint): void {
    this.#mustBeAt('entry', 'answer');
    this.look();
    const { currentNumber, resultOffset } = this.#layout;
    if (currentNumber.kind === 'register') this.#registers.write(currentNumber.offset, noCall);
    else
      this.thread.process.native.setRegset(this.thread.tid, currentNumber.noteType, littleEndian(noCall, 4));
    this.#registers.write(resultOffset, result);
    this.#isAnswered = true;
  }

  /** Signed: a negative error number between -4095 and -1, or what the call returns; on the way in undefined, unless answered. */
  get result(): bigint | undefined {
    if (this.#end === 'entry' && !this.#isAnswered) return undefined;
    return BigInt.asIntN(this.#registers.registerBytes * 8, this.#registers.read(this.#layout.resultOffset));
  }

  /** @throws OutstepError WRONG_STATE on the way in: there `answer` is what is meant */
  setResult(result: bigint): void {
    this.#mustBeAt('return', 'change the result');
    this.#registers.write(this.#layout.resultOffset, result);
  }

  /** The thread comes back from the call. */
  returned(): void {
    this.#end = 'return';
    const { resultOffset } = this.#layout;
    for (const [offset, value] of this.#own)
      if (offset !== resultOffset) this.#registers.write(offset, value);
  }

  get #layout(): ArchModule['syscall'] {
    return this.thread.process.arch.syscall;
  }

  #mustBeAt(end: 'entry' | 'return', what: string): void {
    if (this.#end === end && this.thread.currentCall === this) return;
    const where = end === 'entry' ? 'on the way into it' : 'on the way out of it';
    const message = `cannot ${what} of system call ${this.number} of thread ${this.thread.tid}: it is not ${where}`;
    throw new OutstepError(errorCodes.WRONG_STATE, message);
  }
}

/** Of the thread that an event tells of, while it is being told or the thread is held at it. */
export function callOf({ thread, kind, number }: CallEvent): CurrentCall {
  const end = kind === 'system-call-entry' ? 'entry' : 'return';
  if (thread.currentCall?.number !== number) thread.currentCall = new CurrentCall(thread, number, end);
  return thread.currentCall;
}

/**
 * Of a thread on its way into a call, where somebody must look now: the result takes the place of an argument. Else
 * undefined.
 */
export function callAt(thread: Thread, number: number): CurrentCall | undefined {
  const { argumentOffsets, resultOffset } = thread.process.arch.syscall;
  if (!argumentOffsets.includes(resultOffset)) return undefined;
  const call = new CurrentCall(thread, number, 'entry');
  call.look();
  return call;
}
