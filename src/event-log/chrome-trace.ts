/**
 * Records in the format of Chrome's trace viewer, which Perfetto reads as well ("Trace Event Format"): a process is a span
 * of its first thread, and so is, within, each program that it executes; threads are spans of their own; the rest is
 * instants. Each of the two methods gives a piece of one JSON document.
 */
import type { EventRecord } from './event-record.js';
import { eventText } from './event-text.js';

interface TraceEvent {
  readonly ph: 'B' | 'E' | 'i' | 'M';
  readonly name: string;
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly s?: 't';
  readonly args?: object;
}

interface OpenProcess {
  readonly threads: Set<number>;
  /** Threads that are in a system call. */
  readonly calls: Set<number>;
  /** How many spans are open in its first thread: the process's, and that of a program. */
  depth: number;
}

export class ChromeTrace {
  readonly #open = new Map<number, OpenProcess>();
  #isFirst = true;
  #lastUs = 0;

  /** What a record adds to the document. */
  add(record: EventRecord): string {
    this.#lastUs = record.timeUs;
    return this.#text([...this.#eventsOf(record)]);
  }

  /** Ends what is open, and the document. */
  end(): string {
    const ends = [...this.#open.keys()].flatMap((pid) => [...this.#close(pid, this.#lastUs)]);
    return `${this.#text(ends)}${this.#isFirst ? '[' : ''}\n]\n`;
  }

  #text(events: readonly TraceEvent[]): string {
    return events
      .map((event) => {
        const before = this.#isFirst ? '[\n' : ',\n';
        this.#isFirst = false;
        return `${before}${JSON.stringify(event)}`;
      })
      .join('');
  }

  *#eventsOf(record: EventRecord): Generator<TraceEvent> {
    const { kind, pid, tid, timeUs: ts, name, details } = record;
    if (kind !== 'exit' && kind !== 'left') yield* this.#ensureOpen(record);
    switch (kind) {
      case 'exec':
        yield* this.#openProgram(record);
        return;
      case 'thread-start': {
        const thread = Number(details.thread);
        this.#open.get(pid)?.threads.add(thread);
        yield { ph: 'B', name: 'thread', ts, pid, tid: thread };
        return;
      }
      case 'call':
        this.#open.get(pid)?.calls.add(tid);
        yield { ph: 'B', name: String(details.call), ts, pid, tid };
        return;
      case 'return':
        if (this.#open.get(pid)?.calls.delete(tid) === true)
          yield { ph: 'E', name: String(details.call), ts, pid, tid, args: details };
        return;
      case 'thread-exit':
        yield* this.#endCall(pid, tid, ts);
        if (this.#open.get(pid)?.threads.delete(tid) === true)
          yield { ph: 'E', name: 'thread', ts, pid, tid };
        return;
      case 'exit':
      case 'left':
        yield { ph: 'i', s: 't', name: eventText(record), ts, pid, tid: pid, args: details };
        yield* this.#close(pid, ts);
        return;
      case 'start':
        yield { ph: 'M', name: 'process_name', ts, pid, tid: pid, args: { name } };
        return;
      default:
        yield { ph: 'i', s: 't', name: eventText(record), ts, pid, tid, args: details };
    }
  }

  *#ensureOpen({ pid, timeUs: ts, name }: EventRecord): Generator<TraceEvent> {
    if (this.#open.has(pid)) return;
    this.#open.set(pid, { threads: new Set(), calls: new Set(), depth: 1 });
    yield { ph: 'B', name: `process ${pid}`, ts, pid, tid: pid };
    yield { ph: 'M', name: 'process_name', ts, pid, tid: pid, args: { name } };
  }

  /** Another program ends the one before, and the threads that were in it. */
  *#openProgram({ pid, timeUs: ts, name, details }: EventRecord): Generator<TraceEvent> {
    const open = this.#open.get(pid);
    if (open === undefined) return;
    yield* this.#endThreads(open, pid, ts);
    if (open.depth > 1) yield { ph: 'E', name: 'program', ts, pid, tid: pid };
    open.depth = 2;
    yield { ph: 'M', name: 'process_name', ts, pid, tid: pid, args: { name } };
    yield { ph: 'B', name: String(details.path), ts, pid, tid: pid, args: details };
  }

  /** What does not come back, as exit(2) and execve(2). */
  *#endCall(pid: number, tid: number, ts: number): Generator<TraceEvent> {
    if (this.#open.get(pid)?.calls.delete(tid) === true) yield { ph: 'E', name: 'call', ts, pid, tid };
  }

  *#endThreads({ threads, calls }: OpenProcess, pid: number, ts: number): Generator<TraceEvent> {
    for (const tid of calls) yield { ph: 'E', name: 'call', ts, pid, tid };
    for (const tid of threads) yield { ph: 'E', name: 'thread', ts, pid, tid };
    calls.clear();
    threads.clear();
  }

  *#close(pid: number, ts: number): Generator<TraceEvent> {
    const open = this.#open.get(pid);
    if (open === undefined) return;
    this.#open.delete(pid);
    yield* this.#endThreads(open, pid, ts);
    for (let count = 0; count < open.depth; count++) yield { ph: 'E', name: 'process', ts, pid, tid: pid };
  }
}
