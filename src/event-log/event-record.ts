/** Events as values of JSON: what the core tells, with what the kernel says of it at that moment. */
import { readFileSync } from 'node:fs';
import { signalName } from 'gdb-js-rsp-parser';
import { type CoreEvent, commandName, type ExitStatus, type Process, type Thread } from '../core/index.js';
import { signalOrigin } from './signal-origin.js';

export const recordKinds = [
  'start',
  'fork',
  'exec',
  'exit',
  'signal',
  'group-stop',
  'thread-start',
  'thread-exit',
  'library',
  'call',
  'return',
  'left',
  'lost',
] as const;

export type RecordKind = (typeof recordKinds)[number];

/** What is said of an event, by name. */
export type Details = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Something that happened to a process, as plain data. */
export interface EventRecord {
  /** Microseconds since the log began, of a clock that never goes back. */
  readonly timeUs: number;
  readonly kind: RecordKind;
  readonly pid: number;
  readonly tid: number;
  /** comm of the process. */
  readonly name: string;
  readonly details: Details;
}

/** A record without the time. */
export type Fact = Omit<EventRecord, 'timeUs'>;

export class EventClock {
  readonly #startMs = performance.now();

  get nowUs(): number {
    return Math.round((performance.now() - this.#startMs) * 1000);
  }
}

/** undefined: there is no record of such an event. */
export function factOf(event: CoreEvent): Fact | undefined {
  switch (event.kind) {
    case 'fork':
    case 'vfork':
      return ofThread('fork', event.thread, { child: event.child.pid, vfork: event.kind === 'vfork' });
    case 'exec':
      return ofThread('exec', event.thread, {
        path: event.path,
        arguments: argumentsOf(event.thread.process),
      });
    case 'signal':
      return ofThread('signal', event.thread, signalDetails(event.thread, event.signal));
    case 'program-trap':
      return ofThread('signal', event.thread, signalDetails(event.thread, sigtrap));
    case 'group-stop':
      return ofThread('group-stop', event.thread, { signal: signalName(event.signal) });
    case 'clone':
      return ofThread('thread-start', event.thread, { thread: event.child.tid });
    case 'thread-exit':
      return { kind: 'thread-exit', ...place(event.process, event.tid), details: { code: event.code } };
    case 'exit':
      return { kind: 'exit', ...place(event.process, event.pid), details: statusDetails(event.status) };
    case 'breakpoint':
    case 'hardware-breakpoint':
    case 'watchpoint':
    case 'step-done':
    case 'thread-start':
    case 'fork-settled':
    case 'vfork-done':
    case 'system-call-entry':
    case 'system-call-return':
    case 'held':
    case 'separated':
    case 'printed':
      return undefined;
  }
}

const sigtrap = 5;

/** A process that is looked at from now on. */
export function startFact(process: Process): Fact {
  const details = { path: process.program.executablePath(), arguments: argumentsOf(process) };
  return { kind: 'start', ...place(process, process.pid), details };
}

export function ofThread(kind: RecordKind, { process, tid }: Thread, details: Details): Fact {
  return { kind, ...place(process, tid), details };
}

/** The names of processes as they were known last: one that has ended has none. */
const lastNames = new WeakMap<Process, string>();

function place(process: Process, tid: number): Pick<Fact, 'pid' | 'tid' | 'name'> {
  const name = commandName(process.pid) ?? lastNames.get(process) ?? '';
  lastNames.set(process, name);
  return { pid: process.pid, tid, name };
}

function signalDetails(thread: Thread, signal: number): Details {
  const origin = signalOrigin(thread);
  const { sender, address } = origin ?? {};
  return {
    signal: signalName(signal),
    number: signal,
    code: origin?.code,
    senderPid: sender?.pid,
    senderUid: sender?.uid,
    senderName: sender?.name,
    address: address === undefined ? undefined : `0x${address.toString(16)}`,
  };
}

function statusDetails(status: ExitStatus): Details {
  return status.kind === 'exited'
    ? { code: status.code }
    : { signal: signalName(status.signal), number: status.signal };
}

function argumentsOf({ pid }: Process): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
  } catch {
    // It is gone: its end follows.
    return [];
  }
}
