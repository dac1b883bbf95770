/** Where records go: a tree of lines or JSON, a trace file, a ring that is written at a crash. */
import { appendFileSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../../base/errors.js';
import { ChromeTrace, type EventRecord, EventRing, eventJson, eventText } from '../../../event-log/index.js';
import { StartError } from '../../start-error.js';
import { LineWriter } from './line-writer.js';
import type { WatchWords } from './watch-options.js';

const standardOutput = 1;

export class WatchOutput {
  readonly #lines: LineWriter;
  readonly #isJson: boolean;
  readonly #owned: number | undefined;
  readonly #traceLines: LineWriter | undefined;
  readonly #traceDescriptor: number | undefined;
  readonly #trace = new ChromeTrace();
  readonly #ring: EventRing | undefined;
  readonly #ringFile: string;
  readonly #depths = new Map<number, number>();
  #lastUs = 0;

  /** @throws StartError */
  constructor({ isJson, output, trace, ring }: WatchWords) {
    this.#isJson = isJson;
    this.#owned = output === undefined ? undefined : openFile(output);
    this.#lines = new LineWriter(this.#owned ?? standardOutput, (count) =>
      this.#text(this.#lostRecord(count)),
    );
    this.#traceDescriptor = trace === undefined ? undefined : openFile(trace);
    // A trace with holes would not nest: it waits for the disk instead.
    if (this.#traceDescriptor !== undefined)
      this.#traceLines = new LineWriter(this.#traceDescriptor, () => '', Number.POSITIVE_INFINITY);
    this.#ring = ring === undefined ? undefined : new EventRing(ring.count);
    this.#ringFile = ring?.file ?? '';
    if (ring !== undefined) writeFileSync(ring.file, '', { mode: 0o600 });
  }

  add(record: EventRecord): void {
    this.#lastUs = record.timeUs;
    this.#lines.line(this.#text(record));
    const traced = this.#trace.add(record);
    if (traced !== '') this.#traceLines?.line(traced);
    this.#ring?.add(record);
    if (record.kind === 'exit' && record.details.signal !== undefined) this.#writeRing();
  }

  async end(): Promise<void> {
    await this.#lines.end();
    this.#traceLines?.line(this.#trace.end());
    await this.#traceLines?.end();
    for (const descriptor of [this.#owned, this.#traceDescriptor])
      if (descriptor !== undefined) closeSync(descriptor);
  }

  /** The last ones, the crash included; a later crash adds those since. */
  #writeRing(): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    const lines = ring.take().map((record) => `${eventJson(record)}\n`);
    appendFileSync(this.#ringFile, lines.join(''));
  }

  #text(record: EventRecord): string {
    if (this.#isJson) return eventJson(record);
    const { kind, pid, name, timeUs, details } = record;
    const depth = this.#depths.get(pid) ?? 0;
    if (kind === 'fork') this.#depths.set(Number(details.child), depth + 1);
    if (kind === 'exit') this.#depths.delete(pid);
    const time = (timeUs / 1e6).toFixed(6).padStart(12);
    return `${time} ${'  '.repeat(depth)}${pid} ${name}: ${eventText(record)}`;
  }

  #lostRecord(count: number): EventRecord {
    return { timeUs: this.#lastUs, kind: 'lost', pid: 0, tid: 0, name: 'outstep', details: { count } };
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w', 0o600);
  } catch (error) {
    throw new StartError(`Cannot write ${path}: ${messageOf(error)}`);
  }
}
