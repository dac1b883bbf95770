/**
 * Tracepoints, trace state variables, the buffer and the run, of which a server has one: they stay when a connection
 * goes, and the next client finds them.
 */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import type { Process } from '../../../core/index.js';
import { Collector } from './collector.js';
import { TraceBuffer } from './trace-buffer.js';
import { TraceRun } from './trace-run.js';
import { type RunNotes, type StopReason, statusText } from './trace-status.js';
import { microsecondsNow, TraceVariables, type VariableValues } from './trace-variables.js';
import type { Tracepoint } from './tracepoint.js';
import { TracepointTable } from './tracepoint-table.js';

type RunState =
  | { readonly kind: 'not-run' }
  | { readonly kind: 'running'; readonly run: TraceRun; readonly startTime: bigint }
  | {
      readonly kind: 'stopped';
      readonly reason: StopReason;
      readonly startTime: bigint;
      readonly stopTime: bigint;
    };

/** Addresses from `start` up to, not including, `end`. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

export class Tracing {
  readonly tracepoints = new TracepointTable();
  readonly variables: TraceVariables;
  readonly buffer = new TraceBuffer();
  /** Memory that does not change: read from the program itself while a traceframe is selected. */
  readOnlyRanges: readonly AddressRange[] = [];
  /** The run goes on when the client has left. */
  outlivesClient = false;
  #notes: RunNotes = { user: '', notes: '', tstop: '' };
  readonly #collector: Collector;
  #state: RunState = { kind: 'not-run' };

  constructor(values: VariableValues) {
    this.variables = new TraceVariables(values);
    this.#collector = new Collector(this.variables, this.buffer);
  }

  get isRunning(): boolean {
    return this.#state.kind === 'running';
  }

  get hasRun(): boolean {
    return this.#state.kind !== 'not-run';
  }

  /** Whether a run in this process goes on without a client. */
  keeps(process: Process): boolean {
    return this.outlivesClient && this.traces(process);
  }

  traces(process: Process): boolean {
    return this.#state.kind === 'running' && this.#state.run.process === process;
  }

  /** Forgets every definition and everything collected. */
  initialize(): void {
    this.stop({ kind: 'command' });
    this.tracepoints.clear();
    this.variables.clear();
    this.buffer.clear();
    this.readOnlyRanges = [];
  }

  /** @throws OutstepError MEMORY when a tracepoint cannot be inserted, WRONG_STATE when a run is under way, NO_SUCH_PROCESS */
  start(process: Process): void {
    if (this.isRunning) throw new OutstepError(errorCodes.WRONG_STATE, 'a trace run is under way already');
    if (!process.isAlive) throw new OutstepError(errorCodes.NO_SUCH_PROCESS, 'the process is gone');
    for (const tracepoint of this.tracepoints.all) {
      tracepoint.hitCount = 0;
      tracepoint.usageBytes = 0;
    }
    const startTime = microsecondsNow();
    const parts = { tracepoints: this.tracepoints, collector: this.#collector, buffer: this.buffer };
    const run = new TraceRun(process, parts, (reason) => this.#ended(reason));
    this.#state = { kind: 'running', run, startTime };
  }

  stop(reason: StopReason): void {
    if (this.#state.kind !== 'running') return;
    const { run } = this.#state;
    this.#ended(reason);
    run.end();
  }

  /** A tracepoint is completely defined: it takes part in the run, if there is one. @throws OutstepError MEMORY */
  install(tracepoint: Tracepoint): void {
    if (this.#state.kind !== 'running') return;
    try {
      this.#state.run.insert(tracepoint.address);
    } catch (error) {
      this.tracepoints.remove(tracepoint);
      throw error;
    }
  }

  /** @throws OutstepError WRONG_STATE during a run, UNSUPPORTED when that is too large */
  resizeBuffer(sizeBytes: number | undefined): void {
    if (this.isRunning)
      throw new OutstepError(errorCodes.WRONG_STATE, 'the trace buffer cannot change its size during a run');
    this.buffer.resize(sizeBytes);
  }

  note(notes: Partial<RunNotes>): void {
    this.#notes = { ...this.#notes, ...notes };
  }

  isReadOnly(start: bigint, lengthBytes: number): boolean {
    const end = start + BigInt(lengthBytes);
    return this.readOnlyRanges.some((range) => range.start <= start && end <= range.end);
  }

  /** The answer to `qTStatus`. */
  status(): string {
    const state = this.#state;
    return statusText({
      isRunning: this.isRunning,
      reason: state.kind === 'stopped' ? state.reason : undefined,
      frameCount: this.buffer.frameCount,
      createdCount: this.buffer.createdCount,
      freeBytes: this.buffer.sizeBytes - this.buffer.usedBytes,
      sizeBytes: this.buffer.sizeBytes,
      isCircular: this.buffer.isCircular,
      outlivesClient: this.outlivesClient,
      startTime: state.kind === 'not-run' ? 0n : state.startTime,
      stopTime: state.kind === 'stopped' ? state.stopTime : 0n,
      notes: this.#notes,
    });
  }

  #ended(reason: StopReason): void {
    if (this.#state.kind !== 'running') return;
    this.#state = { kind: 'stopped', reason, startTime: this.#state.startTime, stopTime: microsecondsNow() };
  }
}
