/** Why a thread stopped, in LLDB's words ("GDB Remote Protocol Extensions", stop reply keys). */
import { kernelSignal } from '../../../base/ids.js';
import type { ThreadEvent } from '../../../core/index.js';
import type { Stop } from '../pending-stops.js';
import { describeSignal } from './signal-description.js';

/** Kernel numbers, signal(7). */
const sigtrap = kernelSignal(5);
const sigstop = kernelSignal(19);

export interface StopFacts {
  /** The kernel's number; 0: none. */
  readonly signal: number;
  readonly reason?: string;
  readonly description?: string;
}

const noReason: StopFacts = { signal: 0 };

function trap(reason: string, description?: string): StopFacts {
  return { signal: sigtrap, reason, ...(description === undefined ? {} : { description }) };
}

/** Undefined: the thread stands because the others do. */
export function stopFacts(stop: Stop | undefined): StopFacts {
  switch (stop?.kind) {
    case 'event':
      return eventFacts(stop.event);
    case 'present':
    case 'interrupt':
      return { signal: sigstop, reason: 'signal' };
    default:
      return noReason;
  }
}

function eventFacts(event: ThreadEvent): StopFacts {
  switch (event.kind) {
    case 'breakpoint':
    case 'hardware-breakpoint':
      return trap('breakpoint');
    case 'watchpoint': {
      // The watchpoint by its address, its debug register, and the address that was accessed.
      const { thread, point, address } = event;
      const { slots } = thread.debugImage;
      // Where breakpoints have debug registers of their own they come first.
      const first = slots.length - thread.process.debugRegisters.watchpointSlots;
      const register = Math.max(slots.indexOf(point) - first, 0);
      return trap('watchpoint', `${point.address} ${register} ${address}`);
    }
    case 'step-done':
      return trap('trace');
    case 'program-trap':
      return trap('signal');
    case 'signal':
    case 'group-stop': {
      const description = event.kind === 'signal' ? describeSignal(event.thread, event.signal) : undefined;
      return {
        signal: event.signal,
        reason: 'signal',
        ...(description === undefined ? {} : { description }),
      };
    }
    case 'exec':
      return trap('exec');
    case 'fork':
    case 'vfork':
      return trap(event.kind, `${event.child.pid} ${event.child.pid}`);
    case 'vfork-done':
      return trap('vforkdone');
    case 'held':
      return noReason;
    case 'clone':
    case 'thread-start':
    case 'fork-settled':
    case 'system-call-entry':
    case 'system-call-return':
      return { signal: sigtrap };
  }
}
