/** How often each call was made, how often it failed, and how long it took from one stop to the other. */
import type { TraceRecord } from './record.js';

interface Row {
  readonly name: string;
  calls: number;
  errors: number;
  totalMs: number;
  shortestMs: number;
  longestMs: number;
}

/** All columns that a summary may have, in strace(1)'s order. */
export const summaryColumns = [
  'time-percent',
  'total-time',
  'min-time',
  'max-time',
  'avg-time',
  'calls',
  'errors',
  'name',
] as const;
/** What a summary has of each call, and by what it can be sorted. */
export type SummaryColumn = (typeof summaryColumns)[number];

/** As in strace(1); `none`: as the calls were first made. */
export interface SummaryStyle {
  readonly columns: readonly SummaryColumn[];
  readonly sortBy: SummaryColumn | 'none';
  /** What tracing adds to each call, which is taken off its time. */
  readonly overheadMs: number;
}

const usualStyle: SummaryStyle = {
  columns: ['time-percent', 'total-time', 'avg-time', 'calls', 'errors', 'name'],
  sortBy: 'total-time',
  overheadMs: 0,
};

/** Counts calls, errors and time, by name of the call. */
export class Summary {
  readonly #rows = new Map<string, Row>();
  readonly #style: SummaryStyle;

  constructor(style: SummaryStyle = usualStyle) {
    this.#style = style;
  }

  /** Counts a record in. */
  record(record: TraceRecord): void {
    if (record.kind !== 'return') return;
    const { name } = record.call;
    const row = this.#rows.get(name) ?? newRow(name);
    this.#rows.set(name, row);
    row.calls += 1;
    if (record.error !== undefined) row.errors += 1;
    if (record.result === undefined) return;
    const durationMs = Math.max(0, record.durationMs - this.#style.overheadMs);
    row.totalMs += durationMs;
    row.shortestMs = Math.min(row.shortestMs, durationMs);
    row.longestMs = Math.max(row.longestMs, durationMs);
  }

  /** The greatest first, names in their order. */
  get rows(): readonly Readonly<Row>[] {
    const rows = [...this.#rows.values()];
    const { sortBy } = this.#style;
    if (sortBy === 'none') return rows;
    if (sortBy === 'name') return rows.sort((a, b) => a.name.localeCompare(b.name));
    const value = values[sortBy];
    return rows.sort((a, b) => value(b) - value(a) || b.calls - a.calls || a.name.localeCompare(b.name));
  }

  /** The table, as strace -c prints it. */
  text(): string {
    const { rows } = this;
    const total = rows.reduce(
      (sum, row) => ({
        name: 'total',
        calls: sum.calls + row.calls,
        errors: sum.errors + row.errors,
        totalMs: sum.totalMs + row.totalMs,
        shortestMs: Math.min(sum.shortestMs, row.shortestMs),
        longestMs: Math.max(sum.longestMs, row.longestMs),
      }),
      newRow('total'),
    );
    const line = (textOf: (column: SummaryColumn) => string): string =>
      `${this.#style.columns.map((column, index) => this.#inColumn(column, index, textOf(column))).join(' ')}\n`;
    const rule = line((column) => '-'.repeat(widths[column]));
    return [
      line((column) => titles[column]),
      rule,
      ...rows.map((row) => line((column) => cell(column, row, total.totalMs))),
      rule,
      line((column) => cell(column, total, total.totalMs)),
    ].join('');
  }

  #inColumn(column: SummaryColumn, index: number, text: string): string {
    if (column !== 'name') return text.padStart(widths[column]);
    return index === this.#style.columns.length - 1 ? text : text.padEnd(widths.name);
  }
}

function newRow(name: string): Row {
  return { name, calls: 0, errors: 0, totalMs: 0, shortestMs: Number.POSITIVE_INFINITY, longestMs: 0 };
}

const averageMs = ({ totalMs, calls }: Row): number => (calls === 0 ? 0 : totalMs / calls);
/** A call that has never come back has taken no time. */
const shortestMs = ({ shortestMs: ms }: Row): number => (Number.isFinite(ms) ? ms : 0);

const values: Readonly<Record<Exclude<SummaryColumn, 'name'>, (row: Row) => number>> = {
  'time-percent': ({ totalMs }) => totalMs,
  'total-time': ({ totalMs }) => totalMs,
  'min-time': shortestMs,
  'max-time': ({ longestMs }) => longestMs,
  'avg-time': averageMs,
  calls: ({ calls }) => calls,
  errors: ({ errors }) => errors,
};

const titles: Readonly<Record<SummaryColumn, string>> = {
  'time-percent': '% time',
  'total-time': 'seconds',
  'min-time': 'shortest',
  'max-time': 'longest',
  'avg-time': 'usecs/call',
  calls: 'calls',
  errors: 'errors',
  name: 'syscall',
};

const widths: Readonly<Record<SummaryColumn, number>> = {
  'time-percent': 6,
  'total-time': 11,
  'min-time': 8,
  'max-time': 8,
  'avg-time': 11,
  calls: 9,
  errors: 9,
  name: 16,
};

function cell(column: SummaryColumn, row: Row, allMs: number): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(6);
  switch (column) {
    case 'time-percent':
      return (allMs === 0 ? 0 : (100 * row.totalMs) / allMs).toFixed(2);
    case 'total-time':
      return seconds(row.totalMs);
    case 'min-time':
      return seconds(shortestMs(row));
    case 'max-time':
      return seconds(row.longestMs);
    case 'avg-time':
      return String(Math.round(1000 * averageMs(row)));
    case 'calls':
      return String(row.calls);
    case 'errors':
      return row.errors === 0 ? '' : String(row.errors);
    case 'name':
      return row.name;
  }
}
