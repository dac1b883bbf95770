/** Makes records of calls: one when a call is made, one when it returns. */
import type { SystemCallTable } from '../../../arch/system-call-table.js';
import type { LoggedMemory, Process, Thread } from '../../core/index.js';
import type { CallFacts } from './decode/call-facts.js';
import { CallText, rawSignature } from './decode/call-text.js';
import { signatures } from './decode/signatures/index.js';
import { descriptorsOf } from './descriptors.js';
import { dumpOf } from './dump.js';
import type { Injection } from './injection.js';
import { namesOneOf } from './path-filter.js';
import type { CallRecord } from './record.js';
import type { TraceListener, TraceOptions } from './trace-options.js';
import {
  type CallAtHand,
  memoryOf,
  type PendingCall,
  type ProcessFacts,
  ThreadFacts,
  type TracedThread,
} from './traced-thread.js';

export class CallTeller {
  readonly #options: TraceOptions;
  readonly #listener: TraceListener;
  readonly #processes = new WeakMap<Process, ProcessFacts>();

  constructor(options: TraceOptions, listener: TraceListener) {
    this.#options = options;
    this.#listener = listener;
  }

  begin(
    followed: TracedThread,
    thread: Thread,
    call: {
      readonly name: string;
      readonly number: number;
      readonly registers: readonly bigint[];
      readonly injections: readonly Injection[];
      readonly table: SystemCallTable;
      readonly timeMs: number;
      readonly stackPointer: bigint | undefined;
      readonly logged: readonly LoggedMemory[];
    },
  ): PendingCall {
    const { name, number, registers, injections, table, timeMs, stackPointer, logged } = call;
    const { calls, raw, paths } = this.#options;
    const known = signatures.get(name);
    const signature = raw?.has(name, number) === true ? rawSignature(known) : known;
    const text = new CallText(signature);
    const resumes = name === 'restart_syscall' ? followed.brokenOff : undefined;
    const atHand = { registers, signature, result: undefined, text, stackPointer, logged };
    const facts = this.factsOf(thread, table, atHand);
    const isShown =
      calls.has(name, number) &&
      (paths === undefined || namesOneOf(paths, known, facts, this.#of(thread.process).describe));
    const record: CallRecord = {
      kind: 'call',
      pid: thread.group,
      tid: thread.tid,
      timeMs,
      name,
      number,
      registers,
      text: !isShown
        ? ''
        : resumes === undefined
          ? text.enter(facts)
          : `<... resuming interrupted ${resumes} ...>`,
      resumes,
    };
    const stack = isShown ? this.#options.stacks?.framesOf(thread) : undefined;
    if (isShown) this.#listener(record);
    return { record, text, signature, injections, stack, isShown };
  }

  /** `facts`: undefined when it does not come back. */
  end(known: TracedThread, facts: CallFacts | undefined, timeMs: number): void {
    const { call } = known;
    known.call = undefined;
    if (call?.isShown !== true) return;
    const { record, text, injections, stack } = call;
    const rest = facts === undefined || record.resumes !== undefined ? '' : text.leave(facts);
    const outcome = facts === undefined ? { text: '?', error: undefined } : text.result(facts);
    this.#listener({
      kind: 'return',
      pid: record.pid,
      tid: record.tid,
      timeMs,
      call: record,
      text: rest,
      arguments: text.arguments,
      result: facts?.result,
      resultText: outcome.text,
      error: outcome.error,
      durationMs: timeMs - record.timeMs,
      isInjected: injections.length > 0 && injections.some(({ result }) => result !== undefined),
      isDelayed:
        injections.length > 0 &&
        injections.some(({ delayEntryMs = 0, delayReturnMs = 0 }) => delayEntryMs + delayReturnMs > 0),
      dump: facts === undefined ? undefined : dumpOf(record.name, facts, this.#options.dumps),
      stack,
    });
  }

  factsOf(thread: Thread, table: SystemCallTable, call: CallAtHand): ThreadFacts {
    return new ThreadFacts(thread, table, call, this.#of(thread.process));
  }

  #of(process: Process): ProcessFacts {
    const known = this.#processes.get(process);
    if (known !== undefined) return known;
    const { stringLimit, describesDescriptors, describesDetails, escapes, isWhole } = this.#options;
    const { path, shown, details } = descriptorsOf(process.pid, escapes);
    const describeDescriptor = describesDetails === true ? details : describesDescriptors ? shown : undefined;
    const options = { stringLimit, describeDescriptor, escapes, isWhole };
    const made = { memory: memoryOf(process), options, describe: path };
    this.#processes.set(process, made);
    return made;
  }
}
