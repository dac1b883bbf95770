/** From a stop to the stop reply that tells this client of it. */
import {
  formatStopReply,
  type GdbSignal,
  gdbSignalOf,
  type StopReason,
  type StopReply,
} from 'gdb-js-rsp-parser';
import { assertNever } from '../../base/assert-never.js';
import { littleEndian } from '../../base/byte-order.js';
import { address } from '../../base/ids.js';
import type { EventKind, Thread, ThreadEvent } from '../../core/index.js';
import { type ClientFeatures, longStopReply } from './features.js';
import { errno, failure, type Reply, text } from './packet.js';
import type { Stop } from './pending-stops.js';
import type { ThreadEvents } from './thread-events.js';

/** Kernel numbers, signal(7). */
const sigint = 2;
const sigtrap = 5;

/** The events that every client is told of, or that a session must know to tell it of an end. */
const alwaysReported: readonly EventKind[] = [
  'signal',
  'breakpoint',
  'program-trap',
  'hardware-breakpoint',
  'watchpoint',
  'step-done',
  'system-call-entry',
  'system-call-return',
  'held',
  'exec',
  'thread-exit',
  'printed',
  'exit',
];

/** The events that a client is told of, given what it announced and what it asked for. */
export function reportedEvents(features: ClientFeatures, threadEvents: ThreadEvents): ReadonlySet<EventKind> {
  const kinds = new Set(alwaysReported);
  if (features.has('forkEvents')) kinds.add('fork').add('fork-settled');
  if (features.has('vforkEvents')) kinds.add('vfork').add('vfork-done');
  if (threadEvents.isOn) kinds.add('thread-start');
  if (threadEvents.wantsClones) kinds.add('clone').add('thread-start');
  return kinds;
}

/** How stop replies are written for one connection. */
export interface ReportStyle {
  readonly features: ClientFeatures;
  /** What is not to be sent: without `longStopReply` it is the short form, `Tthread` leaves the thread out. */
  readonly disabled: ReadonlySet<string>;
}

export function stopReplyOf(stop: Stop, style: ReportStyle): Reply {
  if (stop.kind === 'no-resumed' && !style.features.has('noResumed')) {
    return failure(errno.noSuchProcess, 'no resumed thread is left');
  }
  return text(describeStop(stop, style));
}

/** The stop reply itself, as the answer to a resume or in a notification. */
export function describeStop(stop: Stop, style: ReportStyle): string {
  const multiprocess = style.features.has('multiprocess');
  switch (stop.kind) {
    case 'exit': {
      const { status, pid } = stop;
      return formatStopReply(
        status.kind === 'exited'
          ? { kind: 'exited', code: status.code & 0xff, pid }
          : { kind: 'terminated', signal: gdbSignalOf(status.signal), pid },
        multiprocess,
      );
    }
    case 'thread-exited': {
      const { code, pid, tid } = stop;
      return formatStopReply(
        { kind: 'thread-exited', code: code & 0xff, thread: { pid, tid } },
        multiprocess,
      );
    }
    case 'no-resumed':
      return 'N';
    case 'interrupt':
      return threadReply(stop.thread, gdbSignalOf(sigint), {}, style);
    case 'present':
      return threadReply(stop.thread, gdbSignalOf(sigtrap), {}, style);
    case 'event':
      return threadReply(
        stop.event.thread,
        signalOf(stop.event),
        reasonOf(stop.event, style.features),
        style,
      );
    default:
      return assertNever(stop);
  }
}

interface Reason {
  readonly reason?: StopReason;
  /** LLDB's own key: it tells a finished step from a breakpoint by it. */
  readonly lldb?: string;
}

function threadReply(thread: Thread, signal: GdbSignal, why: Reason, style: ReportStyle): string {
  if (style.disabled.has(longStopReply)) return `S${signal.toString(16).padStart(2, '0')}`;
  const registers: { number: number; value: Uint8Array }[] = [];
  const file = thread.process.registerFile;
  for (const number of file.expedited) {
    const register = file.registers[number];
    const value = register === undefined ? undefined : thread.lastRegister(register);
    if (value !== undefined) registers.push({ number, value });
  }
  const isLldb = style.features.kind === 'lldb';
  const reply: StopReply = {
    kind: 'signal',
    signal,
    registers,
    ...(style.disabled.has('Tthread') ? {} : { thread: { pid: thread.process.pid, tid: thread.tid } }),
    ...(why.reason === undefined ? {} : { reason: why.reason }),
    ...(isLldb && why.lldb !== undefined ? { extras: [{ key: 'reason', value: why.lldb }] } : {}),
  };
  return formatStopReply(reply, style.features.has('multiprocess'));
}

function signalOf(event: ThreadEvent): GdbSignal {
  if (event.kind === 'held') return gdbSignalOf(0);
  return gdbSignalOf(event.kind === 'signal' || event.kind === 'group-stop' ? event.signal : sigtrap);
}

function reasonOf(event: ThreadEvent, features: ClientFeatures): Reason {
  switch (event.kind) {
    case 'breakpoint':
      return { ...(features.has('swbreak') ? { reason: { kind: 'swbreak' } } : {}), lldb: 'breakpoint' };
    case 'program-trap':
      return features.has('swbreak') ? { reason: { kind: 'swbreak' } } : { lldb: 'signal' };
    case 'hardware-breakpoint':
      return { ...(features.has('hwbreak') ? { reason: { kind: 'hwbreak' } } : {}), lldb: 'breakpoint' };
    case 'watchpoint':
      return { reason: { kind: watchKeys[event.point.kind], address: event.address } };
    case 'exec':
      return {
        ...(features.has('execEvents') ? { reason: { kind: 'exec', path: event.path } } : {}),
        lldb: 'exec',
      };
    case 'step-done':
      return { lldb: 'trace' };
    case 'signal':
    case 'group-stop':
      return { lldb: 'signal' };
    case 'clone': {
      const child = { pid: event.child.process.pid, tid: event.child.tid };
      return { reason: { kind: 'clone', child } };
    }
    case 'thread-start':
      return { reason: { kind: 'create' } };
    case 'fork':
    case 'vfork': {
      const child = { pid: event.child.pid, tid: event.child.pid };
      return { reason: { kind: event.kind, child }, lldb: event.kind };
    }
    case 'vfork-done':
      return { reason: { kind: 'vforkdone' }, lldb: 'vforkdone' };
    case 'system-call-entry':
      return { reason: { kind: 'syscall_entry', number: event.number } };
    case 'system-call-return':
      return { reason: { kind: 'syscall_return', number: event.number } };
    case 'fork-settled':
    case 'held':
      return {};
    default:
      return assertNever(event);
  }
}

/** 'execute' never comes as a watchpoint; the table is total so that the compiler sees every kind answered. */
const watchKeys = { write: 'watch', read: 'rwatch', access: 'awatch', execute: 'awatch' } as const;

/**
 * A client that did not ask for `swbreak` corrects the pc itself: it expects it behind the trap, where the machine
 * leaves it. LLDB never asks, and expects a breakpoint's pc corrected all the same.
 */
export function presentTrapPc(event: ThreadEvent, features: ClientFeatures): void {
  if (features.has('swbreak')) return;
  const correctsItself =
    event.kind === 'breakpoint' ? features.kind !== 'lldb' : event.kind === 'program-trap';
  if (!correctsItself) return;
  const { thread } = event;
  const offset = thread.process.arch.breakpoint.pcOffset;
  if (offset === 0) return;
  const pc = thread.process.registerFile.byRole('pc');
  thread.writeRegister(pc, littleEndian(address(thread.pc + BigInt(offset)), pc.bits / 8));
}
