/**
 * A seccomp filter in the program that stops its threads on their way into the system calls that are caught, so that all
 * others cost nothing. A filter can be added, never taken away, and without a tracer the calls that it stops for fail
 * (ENOSYS). So only programs that end with this process get one; one that is let go gets another filter above it, which
 * sends the same calls to the sentinel to be let through.
 */
import { tid } from '../base/ids.js';
import { nativeBinding } from '../native/binding.js';
import { type CallSet, callSetOf, containsCalls, hasCall, unionOf } from './call-set.js';
import { allow, type FilterRule, filterProgram } from './filter-program.js';
import { filterCount, mayAddFilter } from './proc.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

/** Each costs a little at each call, and there is room for few calls below the stack. */
const mostFilters = 8;
const mostNumbers = 128;
/** What tells our stops from those of the program's own filters: the data of SECCOMP_RET_TRACE, 16 bits. */
const mark = 0x5354;
/** The program is about to add a filter. */
const addingMark = mark + 1;

/** PR_SET_SECCOMP, <linux/prctl.h>. */
const setSeccomp = 22;
/** <linux/seccomp.h> */
const setFilter = 1n;
const flags = { tsync: 1n, newListener: 8n, tsyncEsrch: 16n };
const actions = { trace: 0x7ff00000, notify: 0x7fc00000 };

/** Below the stack pointer a signal handler would leave as much alone, and more than any ABI's red zone. */
const belowStackBytes = 512n;

export class CallFilter {
  readonly #process: Process;
  /** What it tells of. */
  #calls: CallSet = callSetOf('none');
  #count = 0;

  constructor(process: Process) {
    this.#process = process;
  }

  get isInstalled(): boolean {
    return this.#count > 0;
  }

  /** How many filters of a thread are ours. */
  get count(): number {
    return this.#count;
  }

  /** Whether the filter tells of all of these calls, made to do so by one more filter where that is possible. */
  covers(calls: CallSet, findCaller: () => Thread | undefined): boolean {
    // One of the program's own may refuse a call before ours tells of it.
    if (this.isInstalled && filterCount(tid(this.#process.pid)) !== this.#count) return false;
    if (containsCalls(this.#calls, calls)) return true;
    const missing = [...calls.numbers].filter((number) => !hasCall(this.#calls, number));
    return this.#add(calls.isRest ? calls : { numbers: new Set(missing), isRest: false }, findCaller());
  }

  #add(calls: CallSet, caller: Thread | undefined): boolean {
    if (caller === undefined || !this.#isPossible(calls, caller)) return false;
    const adding = this.isInstalled ? [] : this.#addingRules(actions.trace | addingMark);
    if (this.#install(caller, programFor(calls, actions.trace | mark, adding), flags.tsync) !== 0n)
      return false;
    this.#count += 1;
    this.#calls = unionOf(this.#calls, calls);
    this.#tellNative();
    return true;
  }

  /** Whatever adds filters of the program's own. */
  #addingRules(action: number): readonly FilterRule[] {
    const { seccomp, prctl } = this.#process.arch.syscall.numbers;
    return [
      { number: seccomp, action },
      { number: prctl, firstArgument: setSeccomp, action },
    ];
  }

  #isPossible({ numbers }: CallSet, caller: Thread): boolean {
    const { origin, threads } = this.#process;
    const isPlain = origin === 'launched' && [...threads.values()].every((thread) => !thread.isForeign);
    if (!isPlain || this.#count >= mostFilters || numbers.size > mostNumbers) return false;
    return (
      filterCount(caller.tid) === this.#count && mayAddFilter(caller.tid) && nativeBinding().canAnswerCalls()
    );
  }

  #tellNative(): void {
    const { native, space } = this.#process;
    const { numbers, isRest } = this.#calls;
    native.setCallFilter(space, [...numbers], isRest, this.isInstalled ? mark : 0);
    this.#process.quietChildren.wishesChanged();
  }

  /** A fork child at its first stop has what its parent had when it was made. */
  inherit(parent: CallFilter, child: Thread): void {
    if (parent.#count === 0) return;
    const inherited = Math.min(parent.#count, filterCount(child.tid));
    // One that the parent got just after would be missed.
    this.#count = inherited;
    this.#calls = inherited === parent.#count ? parent.#calls : callSetOf('none');
    this.#tellNative();
  }

  /**
   * Before the process is let go: the calls are let through by the sentinel from now on.
   * @param caller a thread that can make a system call
   */
  handOver(caller: Thread): void {
    const { tracer, native, pid, arch, addressSpace } = this.#process;
    try {
      const program = programFor(this.#calls, actions.notify, this.#addingRules(actions.notify));
      const listener = this.#install(caller, program, flags.tsync | flags.newListener | flags.tsyncEsrch);
      if (listener === undefined || listener < 0n)
        throw new Error(`seccomp: ${listener ?? 'the thread is gone'}`);
      native.answerCalls(pid, Number(listener));
      addressSpace.calls.call(caller, arch.syscall.numbers.close, [listener]);
    } catch (error) {
      const { numbers, isRest } = this.#calls;
      tracer.warn(
        `system calls ${isRest ? 'other than ' : ''}${[...numbers].join(', ')} of process ${pid}, which were caught, fail from now on`,
        error,
      );
    }
  }

  /** The kernel's result, with its sign. */
  #install(caller: Thread, program: Uint8Array, flagBits: bigint): bigint | undefined {
    const { arch, addressSpace, registerFile } = this.#process;
    const stack = caller.readRegister(registerFile.byRole('sp'));
    if (stack === undefined) return undefined;
    const words = arch.general.registerBytes === 8 ? new BigUint64Array(1) : new Uint32Array(1);
    new Uint8Array(words.buffer).set(stack.subarray(0, words.byteLength));
    const { pointerBytes } = arch;
    const lengthBytes = 2 * pointerBytes + program.length;
    const at = (BigInt(words[0] ?? 0) - belowStackBytes - BigInt(lengthBytes)) & ~15n;
    const memory = addressSpace.rawMemory;
    const before = new Uint8Array(lengthBytes);
    if (memory.read(at, before) !== lengthBytes) return undefined;
    memory.write(at, programHeader(at, program, pointerBytes));
    const result = addressSpace.calls.call(caller, arch.syscall.numbers.seccomp, [setFilter, flagBits, at]);
    memory.write(at, before);
    return result === undefined ? undefined : BigInt.asIntN(8 * pointerBytes, result);
  }
}

/** `action` for these calls, behind the rules that go `before`; no other call is touched. */
function programFor({ numbers, isRest }: CallSet, action: number, before: readonly FilterRule[]): Uint8Array {
  const rules = [...numbers].map((number) => ({ number, action: isRest ? allow : action }));
  return filterProgram([...before, ...rules], isRest ? action : allow);
}

/** `struct sock_fprog`, with the program behind it. */
function programHeader(at: bigint, program: Uint8Array, pointerBytes: 4 | 8): Uint8Array {
  const bytes = new Uint8Array(2 * pointerBytes + program.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, program.length / 8, true);
  const start = at + BigInt(2 * pointerBytes);
  if (pointerBytes === 8) view.setBigUint64(8, start, true);
  else view.setUint32(4, Number(start), true);
  bytes.set(program, 2 * pointerBytes);
  return bytes;
}
