/**
 * Has a thread of the program call one of the program's functions: with the registers for it, back to a place where nobody
 * else comes by, and with the registers as they were afterwards.
 */
import { littleEndian } from '../../base/byte-order.js';
import { errorCodes, OutstepError } from '../../base/errors.js';
import { type Address, address, type KernelSignal } from '../../base/ids.js';
import { type Attachment, GeneralRegisters, type Thread, type ThreadEvent } from '../../core/index.js';

/** Signals of what the function itself does wrong: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS. */
const faults: ReadonlySet<number> = new Set([4, 5, 7, 8, 11, 31]);

export class FunctionCall {
  readonly thread: Thread;
  /** What it returns, as the whole register, unsigned. */
  readonly result: Promise<bigint>;
  readonly #attachment: Attachment;
  readonly #function: Address;
  readonly #returnsTo: Address;
  readonly #saved = new Map<string, Uint8Array>();
  /** It waits until the call is over. */
  readonly #pendingSignal: KernelSignal | undefined;
  /** The stack pointer behind the return. */
  #stackPointer = 0n;
  #settle: (outcome: bigint | OutstepError) => void = () => undefined;

  /** `thread` is stopped, and not inside a system call. @throws OutstepError WRONG_STATE, UNSUPPORTED, MEMORY */
  constructor(attachment: Attachment, thread: Thread, at: Address, args: readonly bigint[]) {
    const { state } = thread;
    if (state.kind !== 'stopped' || state.at === 'system-call')
      throw this.#error(thread, at, 'it is not stopped outside of system calls');
    const entry = thread.process.program.entryPoint();
    if (entry === undefined)
      throw this.#error(thread, at, 'the program has no entry point to return to', errorCodes.UNSUPPORTED);
    this.thread = thread;
    this.#attachment = attachment;
    this.#function = at;
    this.#returnsTo = entry;
    this.#pendingSignal = thread.pendingSignal;
    this.#save();
    this.result = new Promise((resolve, reject) => {
      this.#settle = (outcome) => (typeof outcome === 'bigint' ? resolve(outcome) : reject(outcome));
    });
    this.#prepare(args);
    attachment.insertBreakpoint(entry);
    attachment.resume([{ thread, action: { kind: 'continue' }, signal: 0 }]);
  }

  /** What is to become of the thread at an event of it; undefined: the event has nothing to do with the call. */
  take(event: ThreadEvent): 'hold' | 'pass' | { readonly wish: 'hold'; readonly signal: 'none' } | undefined {
    const { general, functionCall } = this.thread.process.arch;
    const registers = new GeneralRegisters(this.thread);
    if (event.kind === 'breakpoint' && event.address === this.#returnsTo) {
      // An inner call of the same kind returns there, too.
      if (registers.read(general.spOffset) !== this.#stackPointer) return undefined;
      this.#end(registers.read(functionCall.resultOffset));
      return 'hold';
    }
    if (event.kind !== 'signal') return undefined;
    if (!faults.has(event.signal)) return 'pass';
    const where = `at 0x${registers.read(general.pcOffset).toString(16)}`;
    this.#end(
      this.#error(
        this.thread,
        this.#function,
        `it got signal ${event.signal} ${where}; the registers are as they were before`,
      ),
    );
    return { wish: 'hold', signal: 'none' };
  }

  /** The thread, or its program, is gone. */
  abandon(): void {
    this.#settle(this.#error(this.thread, this.#function, 'the thread is gone', errorCodes.NO_SUCH_THREAD));
  }

  /** Ends it while it is under way; the thread is stopped. What the function has done so far is done. */
  cancel(reason: string): void {
    this.#end(this.#error(this.thread, this.#function, reason));
  }

  #end(outcome: bigint | OutstepError): void {
    this.#attachment.removeBreakpoint(this.#returnsTo);
    for (const [name, bytes] of this.#saved)
      if (!isSame(this.thread.readRegset(name), bytes)) this.thread.writeRegset(name, bytes);
    this.thread.pendingSignal = this.#pendingSignal;
    this.#settle(outcome);
  }

  #save(): void {
    for (const { name } of this.thread.process.registerFile.regsets) {
      const bytes = this.thread.readRegset(name);
      if (bytes !== undefined) this.#saved.set(name, bytes.slice());
    }
  }

  #prepare(args: readonly bigint[]): void {
    const { arch, memory } = this.thread.process;
    const { general, functionCall, syscall } = arch;
    const registers = new GeneralRegisters(this.thread);
    const width = registers.registerBytes;
    const inRegisters = functionCall.argumentOffsets.length;
    const onStack = args.slice(inRegisters);
    const pushesReturn = general.linkOffset === undefined;
    const alignment = BigInt(functionCall.stackAlignmentBytes);
    const top = registers.read(general.spOffset) - BigInt(functionCall.redZoneBytes + onStack.length * width);
    const aligned = top - (top % alignment);
    const words = pushesReturn ? [this.#returnsTo, ...onStack] : onStack;
    const sp = pushesReturn ? aligned - BigInt(width) : aligned;
    const bytes = words.flatMap((word) => [...littleEndian(BigInt.asUintN(width * 8, word), width)]);
    if (bytes.length > 0) memory.write(address(sp), Uint8Array.from(bytes));
    for (const [index, offset] of functionCall.argumentOffsets.entries())
      if (index < args.length) registers.write(offset, args[index] ?? 0n);
    if (general.linkOffset !== undefined) registers.write(general.linkOffset, this.#returnsTo);
    // Functions that take any number of arguments look there for how many are in vector registers.
    if (pushesReturn) registers.write(functionCall.resultOffset, 0n);
    if (syscall.restartOffset !== undefined) registers.write(syscall.restartOffset, -1n);
    registers.write(general.spOffset, sp);
    this.#stackPointer = aligned;
    this.thread.pc = this.#function;
  }

  #error(
    thread: Thread,
    at: Address,
    why: string,
    code: OutstepError['code'] = errorCodes.WRONG_STATE,
  ): OutstepError {
    const what = `cannot have thread ${thread.tid} of process ${thread.process.pid} call the function at 0x${at.toString(16)}`;
    return new OutstepError(code, `${what}: ${why}`);
  }
}

function isSame(now: Uint8Array | undefined, before: Uint8Array): boolean {
  return now?.length === before.length && now.every((byte, index) => byte === before[index]);
}
