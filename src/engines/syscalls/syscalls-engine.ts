/**
 * The engine that tells of system calls: of all threads that it follows, the calls that are selected, signals and ends.
 * It answers at once, unless a delay is injected; so each call costs its two stops and what is read for its text. Calls
 * that it does nothing to are logged, and told in lists.
 */
import { systemCallsOf } from '../../../arch/system-calls.js';
import { errorCodes, isOutstepError } from '../../base/errors.js';
import { type KernelSignal, kernelSignal, type Tid, tid as tidOf } from '../../base/ids.js';
import { wallClockMs } from '../../base/wall-clock.js';
import {
  type Attachment,
  type CallEvent,
  type CoreEvent,
  callOf,
  callSetOf,
  type Engine,
  type EventAnswer,
  type EventKind,
  type ExitStatus,
  type LoggedCall,
  letRun,
  type Process,
  type Thread,
  unionOf,
  wishFor,
} from '../../core/index.js';
import { CallTeller } from './call-teller.js';
import { siginfoText } from './decode/structs/signals.js';
import { restartErrors } from './decode/tables/errors.js';
import { signalName } from './decode/tables/signals.js';
import { executedWith } from './first-call.js';
import type { Injection } from './injection.js';
import { loggedCallsFor } from './logged-calls.js';
import type { TraceListener, TraceOptions } from './trace-options.js';
import {
  type EntryStop,
  noMemory,
  type PendingCall,
  type ReturnStop,
  TracedThread,
} from './traced-thread.js';

const always: readonly EventKind[] = [
  'system-call-entry',
  'system-call-return',
  'signal',
  'program-trap',
  'group-stop',
  'exec',
  'thread-exit',
  'exit',
];
const following: readonly EventKind[] = ['fork', 'vfork', 'clone', 'separated'];
/** Calls that do not come back, by their names. */
const endings = new Set(['exit', 'exit_group']);
const restartBlock = 516n;
const nothing: readonly Injection[] = [];

/** Tells of the system calls of processes, decoded, and of the signals between them. */
export class SyscallsEngine implements Engine {
  readonly name = 'syscalls';
  readonly mask: ReadonlySet<EventKind>;
  readonly #options: TraceOptions;
  readonly #listener: TraceListener;
  readonly #threads = new Map<Tid, TracedThread>();
  readonly #processes = new Set<Process>();
  readonly #calls: CallTeller;
  #onEnd: () => void = () => undefined;

  constructor(options: TraceOptions, listener: TraceListener) {
    this.#options = options;
    this.#listener = listener;
    this.#calls = new CallTeller(options, listener);
    this.mask = new Set(options.followsChildren ? [...always, ...following] : always);
  }

  /** Those that it is attached to. */
  get processes(): ReadonlySet<Process> {
    return this.#processes;
  }

  /** `listener` is called when the last of its processes has ended or was left. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** Takes up a process whose threads are all held, and lets them run. */
  trace(attachment: Attachment, threads: Iterable<Tid> = attachment.process.threads.keys()): void {
    const { process } = attachment;
    for (const id of threads) this.#threads.set(id, new TracedThread(id, process));
    this.#take(attachment);
    letRun(attachment);
  }

  /** Tells of the execve(2) of a program that was launched and has not run yet. */
  tellFirstCall({ process }: Attachment): void {
    const [thread] = process.threads.values();
    const table = systemCallsOf(process.arch);
    const number = table.numberOf('execve');
    if (thread === undefined || number === undefined || !this.#options.calls.has('execve', number)) return;
    const none = {
      registers: [],
      signature: undefined,
      result: 0n,
      text: undefined,
      stackPointer: undefined,
      logged: noMemory,
    };
    const { memory, stackPointer } = this.#calls.factsOf(thread, table, none);
    const registers = executedWith(memory, table, stackPointer);
    if (registers === undefined) return;
    const known = new TracedThread(thread.tid, process);
    const timeMs = wallClockMs();
    const call = {
      name: 'execve',
      number,
      registers,
      injections: nothing,
      table,
      timeMs,
      stackPointer: undefined,
      logged: noMemory,
    };
    known.call = this.#calls.begin(known, thread, call);
    this.#return(known, known.call, { thread, timeMs: wallClockMs(), memory: noMemory }, 0n);
  }

  /** Leaves every process; they run on. */
  async leave(): Promise<void> {
    for (const process of [...this.#processes]) {
      await process.attachmentOf(this)?.detach();
      this.#processes.delete(process);
    }
    this.#onEnd();
  }

  onEvent(event: CoreEvent): EventAnswer {
    switch (event.kind) {
      case 'system-call-entry':
      case 'system-call-return':
        return this.#onCall(event);
      case 'signal':
        if (event.isSwallowed === true) return 'pass';
        this.#settle(event.thread);
        this.#onSignal(event.thread, event.signal);
        return 'pass';
      case 'program-trap':
        this.#settle(event.thread);
        this.#onSignal(event.thread, kernelSignal(5));
        return 'pass';
      case 'group-stop':
        this.#settle(event.thread);
        if (this.#threads.has(event.thread.tid))
          this.#tell(event.thread, { kind: 'stopped', name: signalName(event.signal) });
        return 'pass';
      case 'clone':
        this.#add(event.child.tid, event.thread.process);
        return 'pass';
      case 'fork':
      case 'vfork':
        this.#onChild(event.child);
        return 'pass';
      case 'separated':
        this.#onSeparated(event.separate);
        return 'pass';
      case 'exec':
        this.#onExec(event.thread, event.formerTid);
        return 'pass';
      case 'thread-exit':
        this.#end(
          event.tid,
          event.isKilled === true
            ? { kind: 'killed', signal: kernelSignal(event.code) }
            : { kind: 'exited', code: event.code },
        );
        return 'pass';
      case 'exit':
        this.#onExit(event.process, event.status);
        return 'pass';
      default:
        return 'pass';
    }
  }

  #take(attachment: Attachment): void {
    this.#processes.add(attachment.process);
    this.#select(attachment);
  }

  /** Numbers mean other calls when another kind of program is executed. */
  #select(attachment: Attachment): void {
    const table = systemCallsOf(attachment.process.arch);
    const { calls, injections } = this.#options;
    const all = [calls, ...injections.map((injection) => injection.calls)];
    const wanted = all.map((selection) => callSetOf(selection.caughtIn(table)));
    attachment.setLoggedCalls(loggedCallsFor(table, this.#options));
    attachment.setCaughtSystemCalls(wishFor(wanted.reduce(unionOf, callSetOf('none'))));
  }

  /** Of calls that nothing is done to. */
  onLoggedCall(call: LoggedCall): void {
    if (call.end === 'entry') {
      const known = this.#known(call.thread);
      if (known !== undefined) this.#begin(known, call);
    } else this.#finish(call, call.result);
  }

  /** A thread may be gone while it is looked at: its end is told later. */
  #onCall(event: CallEvent): EventAnswer {
    try {
      return event.kind === 'system-call-entry' ? this.#onEntry(event) : this.#onReturn(event);
    } catch (error) {
      if (isOutstepError(error) && error.code === errorCodes.NO_SUCH_THREAD) return 'pass';
      throw error;
    }
  }

  /** undefined: a thread that is not followed. */
  #known(thread: Thread): TracedThread | undefined {
    const known = this.#threads.get(thread.tid);
    return known ?? (this.#options.followsChildren ? this.#add(thread.tid, thread.process) : undefined);
  }

  #add(id: Tid, process: Process): TracedThread {
    const present = this.#threads.get(id);
    if (present !== undefined) return present;
    const added = new TracedThread(id, process);
    this.#threads.set(id, added);
    this.#listener({ kind: 'attached', pid: process.pid, tid: id, timeMs: wallClockMs() });
    return added;
  }

  #onEntry(event: CallEvent): EventAnswer {
    const known = this.#known(event.thread);
    if (known === undefined) return 'pass';
    const { thread, number } = event;
    const call = callOf(event);
    call.look();
    const stop = {
      thread,
      number,
      arguments: call.arguments,
      timeMs: wallClockMs(),
      stackPointer: undefined,
      memory: noMemory,
    };
    const injections = this.#begin(known, stop);
    for (const { result, signal } of injections) {
      if (result !== undefined) call.answer(result);
      if (signal !== undefined) thread.process.native.tgkill(thread.group, thread.tid, signal);
    }
    return delayed(injections, 'delayEntryMs');
  }

  /** @returns what is to be done to the call */
  #begin(known: TracedThread, stop: EntryStop): readonly Injection[] {
    const { thread, number, timeMs } = stop;
    const table = systemCallsOf(thread.process.arch);
    const name = table.nameOf(number) ?? `syscall_0x${number.toString(16)}`;
    if (known.isSameCall(name, number, stop.arguments)) return nothing;
    this.#settle(thread, timeMs);
    const injections = known.counts.take(this.#options.injections, name, number);
    known.call = this.#calls.begin(known, thread, {
      name,
      number,
      registers: stop.arguments,
      injections,
      table,
      timeMs,
      stackPointer: stop.stackPointer,
      logged: stop.memory,
    });
    if (endings.has(name)) this.#calls.end(known, undefined, timeMs);
    return injections;
  }

  #onReturn(event: CallEvent): EventAnswer {
    const stop = { thread: event.thread, timeMs: wallClockMs(), memory: noMemory };
    return delayed(this.#finish(stop, callOf(event).result), 'delayReturnMs');
  }

  /** @returns what was done to the call */
  #finish(stop: ReturnStop, result: bigint | undefined): readonly Injection[] {
    const known = this.#threads.get(stop.thread.tid);
    const pending = known?.call;
    // One that was under way when it was attached to.
    if (known === undefined || pending === undefined) return nothing;
    if (result !== undefined && restartErrors.has(Number(-result))) {
      known.broken = { result, memory: stop.memory };
      return nothing;
    }
    this.#return(known, pending, stop, result);
    return pending.injections;
  }

  #return(known: TracedThread, pending: PendingCall, stop: ReturnStop, result: bigint | undefined): void {
    const { thread, timeMs, memory: logged } = stop;
    const table = systemCallsOf(thread.process.arch);
    const { registers } = pending.record;
    const { text, signature } = pending;
    const atHand = { registers, signature, result, text, stackPointer: undefined, logged };
    this.#calls.end(known, this.#calls.factsOf(thread, table, atHand), timeMs);
  }

  /** What has broken a call off is a signal, or a stop of all threads: it is told of its end now. */
  #settle(thread: Thread, timeMs = wallClockMs()): void {
    const known = this.#threads.get(thread.tid);
    const { broken, call } = known ?? {};
    if (known === undefined || broken === undefined || call === undefined) return;
    const { result, memory } = broken;
    known.broken = undefined;
    known.brokenOff = result === -restartBlock ? (call.record.resumes ?? call.record.name) : undefined;
    this.#return(known, call, { thread, timeMs, memory }, result);
  }

  #onSignal(thread: Thread, signal: KernelSignal): void {
    if (!this.#threads.has(thread.tid) || !this.#options.signals(signal)) return;
    const bytes = thread.readSiginfo();
    const { abi } = systemCallsOf(thread.process.arch);
    const information = bytes === undefined ? undefined : siginfoText(bytes, abi);
    this.#tell(thread, { kind: 'signal', signal, name: signalName(signal), information });
  }

  /** The child is held until this engine lets it run. */
  #onChild(child: Process): void {
    const attachment = child.attachmentOf(this);
    if (attachment === undefined) return;
    for (const id of child.threads.keys()) this.#add(id, child);
    this.#take(attachment);
    letRun(attachment);
  }

  /** Its threads are known already, as those of another process. */
  #onSeparated(separate: Process): void {
    for (const id of separate.threads.keys()) this.#add(id, separate).process = separate;
    const attachment = separate.attachmentOf(this);
    if (attachment === undefined) return;
    this.#take(attachment);
    letRun(attachment);
  }

  #onExec(thread: Thread, formerTid: Tid): void {
    const { process, tid } = thread;
    const former = this.#threads.get(formerTid);
    if (formerTid !== tid && former !== undefined) {
      const leader = this.#threads.get(tid);
      if (leader?.call !== undefined) this.#calls.end(leader, undefined, wallClockMs());
      this.#tell(thread, { kind: 'superseded', by: formerTid });
      this.#threads.delete(formerTid);
      const heir = new TracedThread(tid, process);
      const { call } = former;
      heir.call = call && { ...call, record: { ...call.record, tid } };
      this.#threads.set(tid, heir);
    }
    const attachment = process.attachmentOf(this);
    if (attachment !== undefined) this.#select(attachment);
  }

  #onExit(process: Process, status: ExitStatus): void {
    const leader = tidOf(process.pid);
    for (const [id, { process: its }] of this.#threads)
      if (its === process && id !== leader) this.#end(id, status);
    this.#end(leader, status);
    this.#processes.delete(process);
    this.#options.stacks?.forget(process);
    if (this.#processes.size === 0) this.#onEnd();
  }

  #end(id: Tid, status: ExitStatus): void {
    const known = this.#threads.get(id);
    if (known === undefined) return;
    if (known.call !== undefined) this.#calls.end(known, undefined, wallClockMs());
    this.#threads.delete(id);
    this.#listener({ kind: 'exit', pid: known.process.pid, tid: id, timeMs: wallClockMs(), status });
  }

  #tell(
    thread: Thread,
    record:
      | { kind: 'signal'; signal: KernelSignal; name: string; information: string | undefined }
      | { kind: 'stopped'; name: string }
      | { kind: 'superseded'; by: Tid },
  ): void {
    this.#listener({ ...record, pid: thread.group, tid: thread.tid, timeMs: wallClockMs() });
  }
}

function delayed(injections: readonly Injection[], which: 'delayEntryMs' | 'delayReturnMs'): EventAnswer {
  if (injections.length === 0) return 'pass';
  const delayMs = injections.reduce((sum, injection) => sum + (injection[which] ?? 0), 0);
  if (delayMs === 0) return 'pass';
  return new Promise((resolve) => setTimeout(() => resolve('pass'), delayMs));
}
