/**
 * Where the pc of a thread is that has run into a trap, as its client expects it.
 *
 * A client that did not ask for `swbreak` corrects the pc of a breakpoint itself: it expects it behind the trap, where the
 * machine leaves it. LLDB, which asks in its newer versions only, expects a breakpoint's pc corrected in any case, and that of
 * the program's own trap in none.
 */
import { type Address, address } from '../../base/ids.js';
import type { Process, Thread, ThreadEvent } from '../../core/index.js';
import type { ClientFeatures } from './features.js';

export class TrapPcs {
  /** Threads that stand behind a breakpoint for the client's sake, and its address. */
  readonly #behind = new Map<Thread, Address>();

  /** To be called once, before the stop is told. */
  present(event: ThreadEvent, features: ClientFeatures): void {
    const isLldb = features.kind === 'lldb';
    const isOwnBreakpoint = event.kind === 'breakpoint' && !isLldb && !features.has('swbreak');
    const isProgramTrap = event.kind === 'program-trap' && (isLldb || !features.has('swbreak'));
    if (!isOwnBreakpoint && !isProgramTrap) return;
    const { thread } = event;
    if (lengthOfTrap(thread) === 0n) return;
    if (isOwnBreakpoint) this.#behind.set(thread, thread.pc);
    thread.pc = address(thread.pc + lengthOfTrap(thread));
  }

  /** From where it stands the client lets the thread run. */
  forget(thread: Thread): void {
    this.#behind.delete(thread);
  }

  /** The client leaves: what it has not corrected it never will, and the instruction has not been executed. */
  takeBack(process: Process): void {
    for (const thread of process.threads.values()) {
      const at = this.#behind.get(thread);
      if (at === undefined || !thread.isStopped || thread.hasVanished) continue;
      if (thread.pc === at + lengthOfTrap(thread)) thread.pc = at;
    }
    this.#behind.clear();
  }
}

function lengthOfTrap({ process }: Thread): bigint {
  return BigInt(process.arch.breakpoint.pcOffset);
}
