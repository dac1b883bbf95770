/** Records as lines of text, in the form that people know from strace(1). */
import type { Tid } from '../../../base/ids.js';
import { signalName } from '../decode/tables/signals.js';
import type { ReturnRecord, TraceRecord } from '../record.js';

/** What stands in front of each line. */
export interface LineStyle {
  /** `file`: the thread, always; `terminal`: the thread, while there are several; `none`. */
  readonly threads: 'file' | 'terminal' | 'none';
  /** Time of day, or seconds since 1970. */
  readonly clock: 'none' | 'time' | 'unix';
  /** Of the seconds of the clock. */
  readonly clockDigits: Digits;
  /** Time since the line before; undefined: not shown. */
  readonly relativeDigits?: Digits | undefined;
  /** How long each call took, behind it; undefined: not shown. */
  readonly durationDigits?: Digits | undefined;
  /** The number of the thread's call. */
  readonly showsNumber?: boolean | undefined;
  /** Where results begin, if the arguments leave room; 40 unless given. */
  readonly resultColumn?: number | undefined;
  /** Kinds of records that are not shown. */
  readonly hides?: ReadonlySet<TraceRecord['kind']> | undefined;
}

/** How many digits there are behind the point. */
export type Digits = 0 | 3 | 6 | 9;

const usualResultColumn = 40;

/** Writes records as strace does, a line each; where another thread comes in between, in two halves. */
export class TextLog {
  readonly #write: (text: string) => void;
  readonly #style: LineStyle;
  /** Whose call stands in a line that is not ended. */
  #open: Tid | undefined;
  /** What stands in the line so far. */
  #line = '';
  /** What is still to be written: each record is, at once. */
  #unwritten = '';
  readonly #threads = new Set<Tid>();
  #lastMs: number | undefined;
  /** Of the last call of each thread. */
  readonly #numbers = new Map<Tid, number>();

  constructor(write: (text: string) => void, style: LineStyle) {
    this.#write = write;
    this.#style = style;
  }

  /** Writes a record, or its beginning, in one piece. */
  record(record: TraceRecord): void {
    this.#add(record);
    this.#writeOut();
  }

  #writeOut(): void {
    const text = this.#unwritten;
    this.#unwritten = '';
    if (text !== '') this.#write(text);
  }

  #add(record: TraceRecord): void {
    this.#threads.add(record.tid);
    if (this.#style.showsNumber === true && record.kind === 'call')
      this.#numbers.set(record.tid, record.number);
    if (this.#style.hides?.has(record.kind) === true) {
      if (record.kind === 'exit') this.#forget(record.tid);
      return;
    }
    switch (record.kind) {
      case 'call':
        this.#begin(record);
        this.#put(`${record.name}(${record.text}`);
        this.#open = record.tid;
        return;
      case 'return':
        this.#return(record);
        return;
      case 'signal':
        this.#lineOf(
          record,
          `--- ${record.name}${record.information === undefined ? '' : ` ${record.information}`} ---`,
        );
        return;
      case 'stopped':
        this.#lineOf(record, `--- stopped by ${record.name} ---`);
        return;
      case 'superseded':
        this.#lineOf(record, `+++ superseded by execve in pid ${record.by} +++`);
        return;
      case 'exit':
        this.#lineOf(record, `+++ ${statusText(record.status)} +++`);
        this.#forget(record.tid);
        return;
      case 'attached':
        return;
    }
  }

  #forget(tid: Tid): void {
    this.#threads.delete(tid);
    this.#numbers.delete(tid);
  }

  /** Something else is about to be written. */
  breakLine(): void {
    this.#close(' <unfinished ...>');
    this.#writeOut();
  }

  /** The line at hand is ended, as nothing more comes. */
  end(): void {
    this.#close(' <detached ...>');
    this.#writeOut();
  }

  #return(record: ReturnRecord): void {
    if (this.#open !== record.tid) {
      this.#begin(record);
      this.#put(`<... ${record.call.name} resumed>`);
    }
    this.#open = undefined;
    const marks = `${record.isInjected ? ' (INJECTED)' : ''}${record.isDelayed ? ' (DELAYED)' : ''}`;
    const shown = `${this.#line}${record.text})`;
    const { resultColumn = usualResultColumn } = this.#style;
    const padding = ' '.repeat(Math.max(0, resultColumn - 1 - shown.length));
    this.#put(`${record.text})${padding} = ${record.resultText}${marks}${this.#duration(record)}\n`);
    for (const line of record.dump ?? []) this.#unwritten += `${line}\n`;
    for (const frame of record.stack ?? []) this.#unwritten += ` > ${frame}\n`;
  }

  #duration({ durationMs, result }: ReturnRecord): string {
    const { durationDigits } = this.#style;
    if (durationDigits === undefined) return '';
    return result === undefined ? ' <unavailable>' : ` <${secondsText(durationMs, durationDigits)}>`;
  }

  #lineOf(record: TraceRecord, text: string): void {
    this.#begin(record);
    this.#put(`${text}\n`);
  }

  #begin({ tid, timeMs }: TraceRecord): void {
    this.#close(' <unfinished ...>');
    this.#line = '';
    this.#put(
      this.#threadText(tid) + this.#clockText(timeMs) + this.#relativeText(timeMs) + this.#numberText(tid),
    );
  }

  #close(note: string): void {
    if (this.#open !== undefined) this.#unwritten += `${note}\n`;
    this.#open = undefined;
  }

  #put(text: string): void {
    this.#line += text;
    this.#unwritten += text;
  }

  #threadText(tid: Tid): string {
    if (this.#style.threads === 'file') return `${String(tid).padEnd(5)} `;
    const isOneOfSeveral = this.#style.threads === 'terminal' && this.#threads.size > 1;
    return isOneOfSeveral ? `[pid ${String(tid).padStart(5)}] ` : '';
  }

  #clockText(timeMs: number): string {
    const { clock, clockDigits } = this.#style;
    if (clock === 'none') return '';
    const wholeMs = Math.floor(timeMs / 1000) * 1000;
    const seconds = clock === 'unix' ? String(wholeMs / 1000) : new Date(wholeMs).toTimeString().slice(0, 8);
    return `${seconds}${secondsText(timeMs - wholeMs, clockDigits).slice(1)} `;
  }

  #relativeText(timeMs: number): string {
    const { clock, relativeDigits } = this.#style;
    if (relativeDigits === undefined) return '';
    const text = secondsText(timeMs - (this.#lastMs ?? timeMs), relativeDigits);
    this.#lastMs = timeMs;
    const padded = text.padStart(relativeDigits === 0 ? 6 : 7 + relativeDigits);
    return clock === 'none' ? `${padded} ` : `(+${padded}) `;
  }

  #numberText(tid: Tid): string {
    if (this.#style.showsNumber !== true) return '';
    return `[${String(this.#numbers.get(tid) ?? 0).padStart(4)}] `;
  }
}

/** Cut, not rounded. */
function secondsText(milliseconds: number, digits: Digits): string {
  const parts = BigInt(Math.max(0, Math.floor(milliseconds * 1e6)));
  const seconds = parts / 1_000_000_000n;
  if (digits === 0) return seconds.toString();
  return `${seconds}.${(parts % 1_000_000_000n).toString().padStart(9, '0').slice(0, digits)}`;
}

export function statusText(status: Extract<TraceRecord, { kind: 'exit' }>['status']): string {
  if (status.kind === 'exited') return `exited with ${status.code}`;
  return `killed by ${signalName(status.signal)}${status.hasDumpedCore === true ? ' (core dumped)' : ''}`;
}
