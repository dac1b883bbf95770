/** Resume requests: what the client asks (`vCont` and the old packets), and what that means for each thread. */
import { type FieldReader, ProtocolError, type ThreadSelector } from 'gdb-js-rsp-parser';
import { address } from '../../base/ids.js';
import type { ResumeAction, Thread } from '../../core/index.js';
import { gdbNumbers, type SignalNumbers } from './signal-numbers.js';
import { selects, selectsWholeProcess, type ThreadIdentity } from './thread-selection.js';

/** One action of a resume request. `signal`: the client's number of the signal to be delivered, 0 for none. */
export interface RequestedAction {
  /** 'leave': the thread stays as it is (`t`, which has no other meaning in all-stop). */
  readonly action: ResumeAction | { readonly kind: 'leave' };
  readonly signal: number;
  /** Whose number that is; GDB's unless given. */
  readonly numbers?: SignalNumbers;
  readonly selector: ThreadSelector;
  /** A signal that waits is delivered as it is, whatever `signal` says. */
  readonly deliversPending?: true;
}

/** What one thread is to do. */
export interface ResumeChoice {
  readonly action: ResumeAction;
  /** Kernel number of the signal to be delivered; 0: none, and one that is waiting is dropped. */
  signal: number;
  /** The waiting signal was never reported because the client wants it passed on: it is delivered as it is. */
  deliversPending: boolean;
}

/** GDB's number for signals that it has no name for; on Linux only SIGSTKFLT is reported so. */
const unnamedSignal = 143;
const everything: ThreadSelector = { process: 'all', thread: 'all' };

/** Actions of `vCont`, from behind the name: `;action[:thread]...`. */
export function parseActions(
  fields: FieldReader,
  numbers: SignalNumbers = gdbNumbers,
): readonly RequestedAction[] {
  const actions: RequestedAction[] = [];
  while (fields.accept(';')) actions.push(parseAction(fields, numbers));
  fields.expectEnd();
  if (actions.length === 0) throw new ProtocolError('no action');
  return actions;
}

function parseAction(fields: FieldReader, numbers: SignalNumbers): RequestedAction {
  const letter = fields.peek();
  if (letter === '') throw new ProtocolError('no action');
  fields.expect(letter);
  const { action, signal } = parseVerb(letter, fields, numbers);
  const selector = fields.accept(':') ? fields.threadSelector() : everything;
  return { action, signal, selector, ...(numbers === gdbNumbers ? {} : { numbers }) };
}

function parseVerb(
  letter: string,
  fields: FieldReader,
  numbers: SignalNumbers,
): Omit<RequestedAction, 'selector'> {
  switch (letter) {
    case 'c':
      return { action: { kind: 'continue' }, signal: 0 };
    case 'C':
      return { action: { kind: 'continue' }, signal: parseSignal(fields, numbers) };
    case 's':
      return { action: { kind: 'step' }, signal: 0 };
    case 'S':
      return { action: { kind: 'step' }, signal: parseSignal(fields, numbers) };
    case 't':
      return { action: { kind: 'leave' }, signal: 0 };
    case 'r': {
      const start = address(fields.bigint());
      fields.expect(',');
      return { action: { kind: 'range-step', start, end: address(fields.bigint()) }, signal: 0 };
    }
    default:
      throw new ProtocolError(`unknown action ${JSON.stringify(letter)}`);
  }
}

/** A signal number of the client's in hex; one that Linux has no signal for is refused. */
export function parseSignal(fields: FieldReader, numbers: SignalNumbers): number {
  const signal = fields.number();
  const isUnnamed = signal === unnamedSignal && numbers === gdbNumbers;
  if (signal !== 0 && !isUnnamed && numbers.toKernel(signal) === undefined) {
    throw new ProtocolError(`unknown signal ${signal}`);
  }
  return signal;
}

/** The leftmost action that names the thread. */
export function actionFor(
  actions: readonly RequestedAction[],
  thread: ThreadIdentity,
): RequestedAction | undefined {
  return actions.find((action) => selects(action.selector, thread));
}

/** Whether threads that appear later run: they do when the action for the process as a whole lets threads run. */
export function newThreadsOf(
  actions: readonly RequestedAction[],
  process: { readonly pid: number },
): 'hold' | 'continue' {
  const whole = actions.find((action) => selectsWholeProcess(action.selector, process));
  return whole === undefined || whole.action.kind === 'leave' ? 'hold' : 'continue';
}

/** What each thread is to do; threads that no action names, or that are left as they are, are not in the map. */
export function chooseActions(
  actions: readonly RequestedAction[],
  threads: Iterable<Thread>,
): Map<Thread, ResumeChoice> {
  const choices = new Map<Thread, ResumeChoice>();
  for (const thread of threads) {
    const requested = actionFor(actions, thread);
    if (requested === undefined || requested.action.kind === 'leave') continue;
    const signal = deliveredSignal(requested, thread);
    choices.set(thread, {
      action: requested.action,
      signal,
      deliversPending: requested.deliversPending ?? false,
    });
  }
  return choices;
}

/** For a client that has no say in what signals the program gets. */
export function withoutSignals(actions: readonly RequestedAction[]): readonly RequestedAction[] {
  return actions.map((action) => ({ ...action, signal: 0, deliversPending: true }));
}

/** The kernel's number for what the client wants delivered, 0 for none. */
function deliveredSignal({ signal, numbers = gdbNumbers }: RequestedAction, thread: Thread): number {
  if (signal === 0) return 0;
  const waiting = thread.pendingSignal;
  // Several signals may share a number of the client's: the one that was reported is the one it means.
  if (waiting !== undefined && numbers.toWire(waiting) === signal) return waiting;
  return numbers.toKernel(signal) ?? 0;
}

/** The old `c`, `s`, `C`, `S`: with one thread selected by `Hc` only that one runs, otherwise all do. */
export function oldStyleActions(
  action: ResumeAction,
  signal: number,
  selected: ThreadSelector,
  general: Thread,
  numbers: SignalNumbers,
): readonly RequestedAction[] {
  const selector: ThreadSelector = { process: general.process.pid, thread: general.tid };
  const first: RequestedAction = { action, signal, numbers, selector };
  if (typeof selected.thread === 'number') return [first];
  return [first, { action: { kind: 'continue' }, signal: 0, selector: everything }];
}
