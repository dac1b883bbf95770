/** From a stop to the stop reply that tells this client of it. */
import { formatStopReply, type SignalStop, type StopReason, type StopReply } from 'gdb-js-rsp-parser';
import { assertNever } from '../../base/assert-never.js';
import type { EventKind, Process, Thread, ThreadEvent } from '../../core/index.js';
import { type ClientFeatures, longStopReply } from './features.js';
import { stopReplyMembers } from './lldb/thread-report.js';
import { errno, failure, type Reply, text } from './packet.js';
import type { Stop } from './pending-stops.js';
import type { ThreadEvents } from './thread-events.js';
import { ToldStops } from './told-stops.js';

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
  readonly told: ToldStops;
  /** The threads of a process that the client knows. */
  readonly threadsOf: (process: Process) => readonly Thread[];
  /** What is not to be sent: without `longStopReply` it is the short form, `Tthread` leaves the thread out. */
  readonly disabled: ReadonlySet<string>;
}

/** `threads`: those that the client knows. */
export function reportStyle(
  features: ClientFeatures,
  threads: () => Iterable<Thread>,
  disabled: ReadonlySet<string>,
): ReportStyle {
  const threadsOf = (process: Process): readonly Thread[] =>
    [...threads()].filter((thread) => thread.process === process);
  return { features, told: new ToldStops(), threadsOf, disabled };
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
  const { signalNumbers } = style.features;
  switch (stop.kind) {
    case 'exit': {
      const { status, pid } = stop;
      return formatStopReply(
        status.kind === 'exited'
          ? { kind: 'exited', code: status.code & 0xff, pid }
          : { kind: 'terminated', signal: signalNumbers.toWire(status.signal), pid },
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
      return threadReply(stop.thread, sigint, undefined, style);
    case 'present':
      return threadReply(stop.thread, sigtrap, undefined, style);
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

/** Why one thread stands, as a stop reply: with no reason where it only stands because others do. */
export function describeThreadStop(thread: Thread, style: ReportStyle): string {
  const stop = style.told.of(thread);
  return stop === undefined ? threadReply(thread, 0, undefined, style) : describeStop(stop, style);
}

function threadReply(
  thread: Thread,
  kernelSignal: number,
  reason: StopReason | undefined,
  style: ReportStyle,
): string {
  const { features, disabled } = style;
  const signal = features.signalNumbers.toWire(kernelSignal);
  if (disabled.has(longStopReply)) return `S${signal.toString(16).padStart(2, '0')}`;
  const members =
    features.kind === 'lldb' ? lldbMembers(thread, style) : { signal, registers: expedited(thread) };
  const reply: StopReply = {
    kind: 'signal',
    ...members,
    ...(disabled.has('Tthread') ? {} : { thread: { pid: thread.process.pid, tid: thread.tid } }),
    ...(reason === undefined ? {} : { reason }),
  };
  return formatStopReply(reply, features.has('multiprocess'));
}

function lldbMembers(
  thread: Thread,
  { features, told, threadsOf }: ReportStyle,
): ReturnType<typeof stopReplyMembers> {
  const threads = features.lldb.listsThreads ? threadsOf(thread.process) : undefined;
  return stopReplyMembers(thread, threads, told);
}

function expedited(thread: Thread): SignalStop['registers'] {
  const registers: { number: number; value: Uint8Array }[] = [];
  const file = thread.process.registerFile;
  for (const number of file.expedited) {
    const register = file.registers[number];
    const value = register === undefined ? undefined : thread.lastRegister(register);
    if (value !== undefined) registers.push({ number, value });
  }
  return registers;
}

/** The kernel's number. */
function signalOf(event: ThreadEvent): number {
  if (event.kind === 'held') return 0;
  return event.kind === 'signal' || event.kind === 'group-stop' ? event.signal : sigtrap;
}

/** As GDB knows it. */
function reasonOf(event: ThreadEvent, features: ClientFeatures): StopReason | undefined {
  switch (event.kind) {
    case 'breakpoint':
      return features.has('swbreak') ? { kind: 'swbreak' } : undefined;
    case 'program-trap':
      return features.has('swbreak') && features.kind !== 'lldb' ? { kind: 'swbreak' } : undefined;
    case 'hardware-breakpoint':
      return features.has('hwbreak') ? { kind: 'hwbreak' } : undefined;
    case 'watchpoint':
      return { kind: watchKeys[event.point.kind], address: event.address };
    case 'exec':
      return features.has('execEvents') ? { kind: 'exec', path: event.path } : undefined;
    case 'clone':
      return { kind: 'clone', child: { pid: event.child.process.pid, tid: event.child.tid } };
    case 'thread-start':
      return { kind: 'create' };
    case 'fork':
    case 'vfork':
      return { kind: event.kind, child: { pid: event.child.pid, tid: event.child.pid } };
    case 'vfork-done':
      return { kind: 'vforkdone' };
    case 'system-call-entry':
      return { kind: 'syscall_entry', number: event.number };
    case 'system-call-return':
      return { kind: 'syscall_return', number: event.number };
    case 'step-done':
    case 'signal':
    case 'group-stop':
    case 'fork-settled':
    case 'held':
      return undefined;
    default:
      return assertNever(event);
  }
}

/** 'execute' never comes as a watchpoint; the table is total so that the compiler sees every kind answered. */
const watchKeys = { write: 'watch', read: 'rwatch', access: 'awatch', execute: 'awatch' } as const;
