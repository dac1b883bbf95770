/** What a row of the benchmark is, and what comes out of it. */
import type { Bench } from './bench.js';
import type { ContenderName } from './contender.js';
import type { Session, SessionOptions } from './session.js';

export interface Outcome {
  readonly elapsedNs: number;
  /** How many were done, by the program's own count where it has one. */
  readonly operations: number;
  /** Resident size of the server at the end, where the row asks for it. */
  readonly residentKib?: number;
  /** Of a single operation, where the row asks for it. */
  readonly worstNs?: number;
}

/** A server made ready: `run` is the operation, with nothing else in it. */
export interface Prepared {
  readonly run: () => Promise<Outcome>;
  /** Throws when the work was not done. */
  readonly check?: () => Promise<void>;
}

/** A row whose servers are driven by packets. */
export interface ServedRow {
  readonly kind: 'served';
  /** Arguments of the workload. */
  readonly workload: (count: number, bench: Bench) => readonly string[] | Promise<readonly string[]>;
  readonly session?: SessionOptions;
  /** undefined: this server cannot do it. */
  readonly prepare: (session: Session, count: number) => Promise<Prepared | undefined>;
  /** The row of raw-limit, or `step`, which takes the same packets. */
  readonly raw?: RawRow;
  /** Whether the workload alone is run as well. */
  readonly hasNative?: boolean;
}

export interface RawRow {
  readonly name: string;
  /** What it must have counted. */
  readonly counted: (count: number) => number;
  /** Operations in that, default: those of the row. */
  readonly operations?: (count: number) => number;
  /** What it takes instead of the workload. */
  readonly operands?: (bench: Bench, count: number) => Promise<readonly string[]>;
}

/** A row that starts what it needs itself. */
export interface OwnRow {
  readonly kind: 'own';
  readonly contenders: readonly ContenderName[];
  readonly prepare: (
    bench: Bench,
    contender: ContenderName,
    count: number,
  ) => Promise<(Prepared & { readonly serverPid: number | undefined } & AsyncDisposable) | undefined>;
}

export interface RowFacts {
  readonly name: string;
  readonly title: string;
  /** What one operation is. */
  readonly operation: string;
  /** Operations of one sample. Slow contenders may do fewer: costs are for one operation. */
  readonly count: number;
  readonly counts?: Partial<Readonly<Record<ContenderName, number>>>;
  /** Counts are multiples of this. */
  readonly granule?: number;
  /** Operations of the run under strace; default: a twentieth. */
  readonly countedOperations?: number;
  readonly targets: readonly Target[];
}

/** Round trips before the clock starts: a server that compiles while it runs is measured as it will be from then on. */
export function warmUps(count: number): number {
  return Math.min(count, 1000);
}

export type Row = RowFacts & (ServedRow | OwnRow);

export interface Summary {
  /** Of one operation. */
  readonly medianNs: number;
  readonly samplesNs: readonly number[];
  readonly operations: number;
  readonly systemCalls?: number;
  readonly stops?: number;
  readonly residentKib?: number;
  /** Of a single operation, in all rounds. */
  readonly worstNs?: number;
}

export interface RowResult {
  readonly row: Row;
  readonly summaries: ReadonlyMap<ContenderName, Summary>;
  /** Why a contender has no figure. */
  readonly failures: ReadonlyMap<ContenderName, string>;
}

export type Results = ReadonlyMap<string, RowResult>;

export interface Verdict {
  readonly actual: string;
  readonly isMet: boolean;
}

export interface Target {
  readonly text: string;
  /** undefined: not measured. */
  readonly judge: (own: RowResult, all: Results) => Verdict | undefined;
}
