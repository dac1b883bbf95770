/**
 * The engine of a trace run: at a tracepoint it collects and lets the thread go on, whatever other engines do with
 * that stop. It is attached from the start of a run to its end.
 */
import type { Address } from '../../../base/ids.js';
import {
  type Attachment,
  type CoreEvent,
  type Engine,
  type EventAnswer,
  letRun,
  type Process,
  type Thread,
} from '../../../core/index.js';
import type { Collector } from './collector.js';
import { nativeConditions } from './native-conditions.js';
import type { TraceBuffer } from './trace-buffer.js';
import type { StopReason } from './trace-status.js';
import type { Tracepoint } from './tracepoint.js';
import type { TracepointTable } from './tracepoint-table.js';
import { WhileStepping } from './while-stepping.js';

/** What a run works on. */
export interface RunParts {
  readonly tracepoints: TracepointTable;
  readonly collector: Collector;
  readonly buffer: TraceBuffer;
}

export class TraceRun {
  readonly process: Process;
  readonly #parts: RunParts;
  readonly #attachment: Attachment;
  readonly #onEnd: (reason: StopReason) => void;
  readonly #steps = new WhileStepping();
  /** The first reason to end that the stop in hand has given. */
  #reason: StopReason | undefined;
  #isOver = false;

  /**
   * Inserts every tracepoint, all or none; `onEnd` hears when the run ends by itself.
   * @throws OutstepError MEMORY
   */
  constructor(process: Process, parts: RunParts, onEnd: (reason: StopReason) => void) {
    this.process = process;
    this.#parts = parts;
    this.#onEnd = onEnd;
    const engine: Engine = {
      name: 'trace run',
      mask: new Set(['breakpoint', 'step-done', 'thread-exit', 'exec', 'exit']),
      onEvent: (event) => this.#onEvent(event),
    };
    this.#attachment = process.attachEngine(engine);
    try {
      for (const { address } of parts.tracepoints.all) this.insert(address);
    } catch (error) {
      this.#attachment.withdraw();
      throw error;
    }
    letRun(this.#attachment);
  }

  /** What is defined at the address now. @throws OutstepError MEMORY, UNSUPPORTED for a malformed condition */
  insert(address: Address): void {
    const conditions = nativeConditions(this.#parts.tracepoints.at(address));
    this.#attachment.insertBreakpoint(address, { conditions });
  }

  /** Takes the tracepoints out, at once. */
  end(): void {
    this.#isOver = true;
    this.#steps.clear();
    this.#attachment.withdraw();
  }

  #onEvent(event: CoreEvent): EventAnswer {
    if (this.#isOver) return 'pass';
    switch (event.kind) {
      case 'breakpoint':
        // A step that ends at a tracepoint is told as a hit only.
        this.#recordStep(event.thread);
        this.#hit(event.thread, event.address);
        this.#settle(event.thread);
        break;
      case 'step-done':
        this.#recordStep(event.thread);
        this.#settle(event.thread);
        break;
      case 'thread-exit':
        this.#steps.forget(event.tid);
        break;
      case 'exec':
        this.#steps.clear();
        break;
      case 'exit':
        this.#endByItself({ kind: 'program-gone' });
        break;
      default:
        break;
    }
    return 'pass';
  }

  #hit(thread: Thread, address: Address): void {
    for (const tracepoint of this.#parts.tracepoints.at(address)) {
      if (!tracepoint.isEnabled || !this.#holds(thread, tracepoint)) continue;
      tracepoint.hitCount += 1;
      this.#collect(thread, tracepoint, tracepoint.actions);
      if (tracepoint.stepCount > 0) this.#steps.begin(thread, tracepoint);
      else this.#countPass(tracepoint);
    }
  }

  #recordStep(thread: Thread): void {
    for (const { tracepoint, isLast } of this.#steps.count(thread)) {
      this.#collect(thread, tracepoint, tracepoint.stepActions);
      // Only now, so that the steps of the last hit are recorded as well.
      if (isLast) this.#countPass(tracepoint);
    }
  }

  #holds(thread: Thread, { condition, number }: Tracepoint): boolean {
    if (condition === undefined) return true;
    const { value, error } = this.#parts.collector.evaluate(thread, condition);
    const fault = error ?? (value === undefined ? 'the condition has no value' : undefined);
    if (fault !== undefined) this.#reason ??= { kind: 'expression', tracepoint: number, text: fault };
    return fault === undefined && value !== 0n;
  }

  #collect(thread: Thread, tracepoint: Tracepoint, actions: Tracepoint['actions']): void {
    const { number } = tracepoint;
    const { frame, error } = this.#parts.collector.collect(thread, number, actions);
    if (this.#parts.buffer.add(frame)) tracepoint.usageBytes += frame.usageBytes;
    else this.#reason ??= { kind: 'buffer-full' };
    if (error !== undefined) this.#reason ??= { kind: 'expression', tracepoint: number, text: error };
  }

  #countPass({ passCount, hitCount, number }: Tracepoint): void {
    if (passCount > 0 && hitCount >= passCount) this.#reason ??= { kind: 'pass-count', tracepoint: number };
  }

  /** Ends the run if that is due, or says how the thread is to go on. */
  #settle(thread: Thread): void {
    if (this.#reason !== undefined) this.#endByItself(this.#reason);
    const kind = this.#steps.isUnderWay(thread) ? 'step' : 'continue';
    this.#attachment.vote(thread, { kind });
  }

  /** The engine must not leave while it is told of an event: threads would run that others have not been told of. */
  #endByItself(reason: StopReason): void {
    this.#isOver = true;
    this.#steps.clear();
    for (const { address } of this.#parts.tracepoints.all) this.#attachment.removeBreakpoint(address);
    queueMicrotask(() => this.#attachment.withdraw());
    this.#onEnd(reason);
  }
}
