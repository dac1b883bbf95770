/**
 * What an attached program has of us for the time between the end of a tracer that was killed and the moment when the
 * sentinel has taken its breakpoints out: a handler of SIGTRAP, in memory mapped for it, where threads that run into a
 * breakpoint or a watchpoint wait, and which ends a step that nobody waits for. Put in with the first of these, or at the
 * next stop of a thread; taken back when the process is let go.
 */
import type { ArchModule, OrphanHandler as HandlerCode } from '../../arch/module.js';
import { littleEndian, numberOf } from '../base/byte-order.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError } from '../native/binding.js';
import { GeneralRegisters } from './general-registers.js';
import type { RawMemory } from './memory.js';
import { statusField } from './proc.js';
import type { Process } from './process.js';
import type { ProgramCalls } from './program-calls.js';
import type { Thread } from './thread.js';

const pageBytes = 4096;
/** Room for all breakpoints that anybody sets; pages that nothing is written to cost nothing. */
const lengthBytes = 1024 * 1024;
const protReadExecute = 1n | 4n;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, <asm-generic/mman.h>. */
const mapFlags = 0x2n | 0x20n | 0x4000n;
const minusOne = (1n << 64n) - 1n;
const sigtrap = 5n;
const sigsetBytes = 8n;
/** Below what a function may keep below its stack pointer. */
const scratchDistance = 512n;

export class OrphanHandler {
  readonly #calls: ProgramCalls;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;
  /** Where it is in the program; undefined: not there. */
  #base: bigint | undefined;
  #isRefused = false;
  #isWanted = false;
  /** Breakpoints that there are, and that there were: a thread may have run into one of these as well. */
  readonly #addresses = new Set<bigint>();

  constructor(calls: ProgramCalls, memory: RawMemory, arch: ArchModule) {
    this.#calls = calls;
    this.#memory = memory;
    this.#arch = arch;
  }

  /** To be called before breakpoints are put in. */
  cover(addresses: readonly bigint[]): void {
    this.#isWanted = true;
    const first = this.#addresses.size;
    const fresh = addresses.filter((address) => !this.#addresses.has(address));
    for (const address of fresh) this.#addresses.add(address);
    if (this.#base !== undefined && fresh.length > 0) this.#append(this.#base, first, fresh);
  }

  /** To be called before a thread is stepped or watched: its trap would be the end of the program. */
  coverThreads(): void {
    this.#isWanted = true;
  }

  get isInstalled(): boolean {
    return this.#base !== undefined;
  }

  /** A thread may trap, and it is not in the program yet. */
  get isDue(): boolean {
    const isMissing = this.#base === undefined && !this.#isRefused;
    return isMissing && this.#isWanted && this.#arch.orphanHandler !== undefined;
  }

  /** Puts it into the program where it is due, through a thread that is stopped outside of system calls. */
  install(thread: Thread): void {
    const code = this.#arch.orphanHandler;
    if (code === undefined || !this.isDue) return;
    const reason = this.#place(code, thread) ?? whyUseless(thread);
    if (reason === undefined || thread.hasVanished) return;
    this.#isRefused = true;
    const { pid, tracer } = thread.process;
    const message = `if this server is killed, process ${pid} may die at a breakpoint`;
    tracer.warn(message, new OutstepError(errorCodes.UNSUPPORTED, reason));
  }

  /**
   * Takes it back through a stopped thread. Where the program has another handler now it stays mapped: it was told of this
   * one as the handler before, and may put it back.
   */
  release(thread: Thread): void {
    const code = this.#arch.orphanHandler;
    const base = this.#base;
    this.#base = undefined;
    if (code === undefined || base === undefined) return;
    if (thread.process.caughtCalls.isFilteredByOthers(thread.tid)) return;
    const isOurs = this.#handlerNow(thread) === numberOf(code.action(base).slice(0, this.#arch.pointerBytes));
    if (!isOurs || this.#setAction(thread, base + BigInt(code.defaultActionOffset)) !== 0n) return;
    this.#calls.call(thread, this.#arch.syscall.numbers.munmap, [base, BigInt(lengthBytes)]);
  }

  /** For a copy of the memory. */
  copyTo(copy: OrphanHandler): void {
    copy.#base = this.#base;
    copy.#isWanted = this.#isWanted;
    for (const address of this.#addresses) copy.#addresses.add(address);
  }

  /** A copy of the memory that came too early has none. */
  settleCopy(): void {
    const { orphanHandler } = this.#arch;
    if (this.#base === undefined || orphanHandler === undefined) return;
    if (this.#isAt(this.#base, orphanHandler)) this.#writeAll(this.#base);
    else this.#base = undefined;
  }

  /** A text: why not. */
  #place(code: HandlerCode, thread: Thread): string | undefined {
    if (thread.process.caughtCalls.isFilteredByOthers(thread.tid))
      return 'a seccomp filter watches its system calls';
    const present = this.#handlerNow(thread);
    if (present === undefined) return 'its handlers cannot be looked at';
    const first = numberOf(code.action(0n).slice(0, this.#arch.pointerBytes));
    // One that a tracer has left behind that was killed.
    if (present >= first && this.#isAt(present - first, code)) {
      this.#base = present - first;
      this.#writeAll(this.#base);
      return undefined;
    }
    if (present !== 0n) return 'it handles SIGTRAP itself';
    const args = [0n, BigInt(lengthBytes), protReadExecute, mapFlags, minusOne, 0n];
    const base = this.#calls.call(thread, this.#arch.syscall.numbers.mmap, args);
    if (base === undefined) return 'there is no vDSO to call the kernel from';
    const error = this.#calls.errorOf(base);
    if (error !== 0) return `mmap(2) was refused with error ${error}`;
    this.#memory.write(base, code.code);
    this.#writeAll(base);
    const actionAt = base + BigInt(pageBytes - code.actionBytes);
    this.#memory.write(actionAt, code.action(base));
    if (this.#setAction(thread, actionAt) !== 0n) return 'it cannot have a handler';
    this.#base = base;
    return undefined;
  }

  #setAction(thread: Thread, at: bigint): bigint | undefined {
    return this.#calls.call(thread, this.#arch.syscall.numbers.rtSigaction, [sigtrap, at, 0n, sigsetBytes]);
  }

  /** Of SIGTRAP; 0n: the default. The kernel tells it in memory that nobody uses, below the stack. */
  #handlerNow(thread: Thread): bigint | undefined {
    const { spOffset } = this.#arch.general;
    const at = (new GeneralRegisters(thread).read(spOffset) - scratchDistance) & ~15n;
    const before = new Uint8Array(this.#arch.orphanHandler?.actionBytes ?? 0);
    if (this.#memory.read(at, before) !== before.length) return undefined;
    const args = [sigtrap, 0n, at, sigsetBytes];
    const result = this.#calls.call(thread, this.#arch.syscall.numbers.rtSigaction, args);
    const action = new Uint8Array(before.length);
    const isRead = result === 0n && this.#memory.read(at, action) === action.length;
    this.#memory.write(at, before);
    return isRead ? numberOf(action.slice(0, this.#arch.pointerBytes)) : undefined;
  }

  #isAt(base: bigint, { code, countOffset }: HandlerCode): boolean {
    const now = new Uint8Array(code.length);
    if (this.#memory.read(base, now) !== now.length) return false;
    const { pointerBytes } = this.#arch;
    return code.every(
      (byte, at) => (at >= countOffset && at < countOffset + pointerBytes) || now[at] === byte,
    );
  }

  #writeAll(base: bigint): void {
    this.#append(base, 0, [...this.#addresses]);
  }

  /** Writes addresses behind the first `count` that are there, as far as there is room. */
  #append(base: bigint, count: number, addresses: readonly bigint[]): void {
    const { pointerBytes, orphanHandler } = this.#arch;
    if (orphanHandler === undefined) return;
    const most = (lengthBytes - pageBytes) / pointerBytes;
    const written = addresses.slice(0, Math.max(0, most - count));
    if (written.length === 0) return;
    const words = written.flatMap((address) => [...littleEndian(address, pointerBytes)]);
    this.#memory.write(base + BigInt(pageBytes + count * pointerBytes), Uint8Array.from(words));
    const total = littleEndian(BigInt(count + written.length), pointerBytes);
    this.#memory.write(base + BigInt(orphanHandler.countOffset), total);
  }
}

/** A text, where the thread would not come to the handler: what it blocks is none for a trap of its own, signal(7). */
function whyUseless(thread: Thread): string | undefined {
  const blocked = BigInt(`0x${statusField(thread.tid, 'SigBlk') ?? 0}`);
  return ((blocked >> (sigtrap - 1n)) & 1n) === 0n ? undefined : `its thread ${thread.tid} blocks SIGTRAP`;
}

/** So many threads are looked at for one that can be stopped. */
const mostCandidates = 16;

/**
 * Puts it into a program that would outlive us, where it is due. Where no thread is stopped one that runs is, for a moment;
 * one that waits in a system call is not disturbed for that: it is used when it comes back and stops.
 */
export function prepareForOurEnd(process: Process): void {
  const { orphanHandler, isShared } = process.addressSpace;
  // Of a memory that two processes have, each would need the handler.
  if (process.origin === 'launched' || isShared || !orphanHandler.isDue) return;
  const caller = process.threadForCalls();
  if (caller !== undefined) {
    orphanHandler.install(caller);
    return;
  }
  let candidates = mostCandidates;
  for (const thread of process.runningThreads) {
    if (thread.callReturn() === undefined) {
      process.interrupt(thread);
      return;
    }
    candidates -= 1;
    if (candidates === 0) return;
  }
}

/** To be called before threads get hardware breakpoints or watchpoints, which the kernel leaves in them when we end. */
export function preparePointsForOurEnd({ addressSpace, native, space, tracer }: Process): void {
  addressSpace.orphanHandler.coverThreads();
  try {
    native.guardThreads(space);
  } catch (error) {
    if (!isNativeError(error)) throw error;
    tracer.warn('if this server is killed, watchpoints will stay in programs it attached to', error);
  }
}
