/**
 * Where records go: standard error, at once, or files and commands, in blocks whenever the tracer has nothing to do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { messageOf } from '../../../base/errors.js';
import {
  jsonLine,
  type LineStyle,
  onlyWith,
  Summary,
  TextLog,
  type TraceListener,
  type TraceRecord,
} from '../../../engines/syscalls/index.js';
import type { Console } from '../../console.js';
import { StartError } from '../../start-error.js';
import type { StraceOptions } from './options.js';

export interface Output {
  record(record: TraceRecord): void;
  /** A line for the person at the terminal. */
  note(text: string): void;
  /** Resolves when everything is written, and a command that it is written to has ended. */
  end(): Promise<void>;
}

const blockBytes = 1 << 16;

/** What takes whole blocks. */
interface Sink {
  write(bytes: Uint8Array): void;
  end(): Promise<void>;
}

class FileSink implements Sink {
  readonly #descriptor: number;

  /** @throws StartError */
  constructor(path: string, appends: boolean) {
    try {
      this.#descriptor = openSync(path, appends ? 'a' : 'w', 0o666);
    } catch (error) {
      throw new StartError(`Cannot write to ${path}: ${messageOf(error)}`);
    }
  }

  write(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(this.#descriptor, rest));
  }

  async end(): Promise<void> {
    closeSync(this.#descriptor);
  }
}

/** A command of the shell that reads it. */
class CommandSink implements Sink {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(command: string) {
    this.#child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'] });
    this.#closed = once(this.#child, 'close');
    // One that ends before it has read everything has seen what it wanted.
    this.#child.stdin?.on('error', () => undefined);
  }

  write(bytes: Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#closed;
  }
}

class BlockFile {
  readonly #sink: Sink;
  #text = '';
  #isDue = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= blockBytes) this.#flush();
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#sink.write(new TextEncoder().encode(text));
  }

  async close(): Promise<void> {
    this.#flush();
    await this.#sink.end();
  }
}

/** @throws StartError */
export function openOutput(options: StraceOptions, errors: Console): Output {
  const { file, appends, hasFilePerThread, form } = options;
  const isCommand = file?.startsWith('|') === true || file?.startsWith('!') === true;
  if (file !== undefined && hasFilePerThread && form !== 'summary') {
    if (isCommand) throw new StartError('A command cannot be written to thread by thread: -ff needs a file.');
    return new ThreadFiles(file, options, errors);
  }
  const sink =
    file === undefined ? undefined : isCommand ? new CommandSink(file.slice(1)) : new FileSink(file, appends);
  const block = sink && new BlockFile(sink);
  const encoder = new TextEncoder();
  const write =
    block === undefined
      ? (text: string) => errors.print(encoder.encode(text))
      : (text: string) => block.write(text);
  return new OneOutput(write, async () => block?.close(), options, errors);
}

function styleOf({ style }: StraceOptions, threads: LineStyle['threads']): LineStyle {
  return { ...style, threads };
}

/** What is shown: records of calls only that end as they are to. */
function shownBy({ statuses }: StraceOptions, listener: TraceListener): TraceListener {
  return statuses === undefined ? listener : onlyWith(statuses, listener);
}

class OneOutput implements Output {
  readonly #write: (text: string) => void;
  readonly #close: () => Promise<void>;
  readonly #options: StraceOptions;
  readonly #errors: Console;
  readonly #log: TextLog;
  readonly #summary: Summary;
  readonly #show: TraceListener;

  constructor(
    write: (text: string) => void,
    close: () => Promise<void>,
    options: StraceOptions,
    errors: Console,
  ) {
    this.#write = write;
    this.#close = close;
    this.#options = options;
    this.#errors = errors;
    const threads = options.file === undefined ? 'terminal' : options.followsChildren ? 'file' : 'none';
    this.#log = new TextLog(write, styleOf(options, threads));
    this.#summary = new Summary(options.summary);
    this.#show = shownBy(options, (record) => this.#put(record));
  }

  record(record: TraceRecord): void {
    const { form } = this.#options;
    if (form === 'summary' || form === 'text-and-summary') this.#summary.record(record);
    if (form !== 'summary') this.#show(record);
  }

  #put(record: TraceRecord): void {
    if (this.#options.form !== 'json') this.#log.record(record);
    else this.#write(jsonLine(record) ?? '');
  }

  note(text: string): void {
    if (this.#options.quiet.has('attach')) return;
    if (this.#options.file === undefined && this.#options.form !== 'json') this.#log.breakLine();
    this.#errors.line(text);
  }

  async end(): Promise<void> {
    const { form } = this.#options;
    if (form === 'text' || form === 'text-and-summary') this.#log.end();
    if (form === 'summary' || form === 'text-and-summary') this.#write(this.#summary.text());
    await this.#close();
  }
}

/** FILE.TID for each thread. */
class ThreadFiles implements Output {
  readonly #path: string;
  readonly #options: StraceOptions;
  readonly #errors: Console;
  readonly #show: TraceListener;
  readonly #files = new Map<number, { readonly block: BlockFile; readonly log: TextLog }>();
  readonly #closing = new Set<Promise<void>>();

  constructor(path: string, options: StraceOptions, errors: Console) {
    this.#path = path;
    this.#options = options;
    this.#errors = errors;
    this.#show = shownBy(options, (record) => this.#write(record));
  }

  record(record: TraceRecord): void {
    this.#show(record);
  }

  #write(record: TraceRecord): void {
    const { block, log } = this.#fileOf(record.tid);
    if (this.#options.form === 'json') block.write(jsonLine(record) ?? '');
    else log.record(record);
    if (record.kind !== 'exit') return;
    this.#closing.add(block.close());
    this.#files.delete(record.tid);
  }

  #fileOf(tid: number): { readonly block: BlockFile; readonly log: TextLog } {
    const known = this.#files.get(tid);
    if (known !== undefined) return known;
    const block = new BlockFile(new FileSink(`${this.#path}.${tid}`, this.#options.appends));
    const log = new TextLog((text) => block.write(text), styleOf(this.#options, 'none'));
    const opened = { block, log };
    this.#files.set(tid, opened);
    return opened;
  }

  note(text: string): void {
    if (!this.#options.quiet.has('attach')) this.#errors.line(text);
  }

  async end(): Promise<void> {
    for (const { block, log } of this.#files.values()) {
      log.end();
      this.#closing.add(block.close());
    }
    await Promise.all(this.#closing);
  }
}
