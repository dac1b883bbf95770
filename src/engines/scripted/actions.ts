/** What a script says to an event, and what that is to the core. */
import type { KernelSignal } from '../../base/ids.js';
import type { Answer, ResumeAction, ThreadEvent } from '../../core/index.js';

/**
 * How the thread of an event goes on, as far as this engine is concerned: the strictest wish of all engines wins. `hold`:
 * it stays until the engine resumes it (`ScriptedEngine.resume`). `step` ends after one instruction, `block-step` after a taken
 * branch, a system call, or at the first instruction of a signal's handler; both are told by `step-done`.
 */
export type ThreadAction = 'resume' | 'step' | 'block-step' | 'hold';

/** What becomes of an event and of its thread, as far as one engine is concerned. */
export interface Action {
  /** Left out: as before; after a step that is `resume`. */
  readonly thread?: ThreadAction;
  /** To a `signal` event: another one in the place of the signal, or none of it. Left out: it is delivered. */
  readonly signal?: KernelSignal | 'none';
  /** siginfo_t of that signal in the program's own layout, 128 bytes. */
  readonly siginfo?: Uint8Array;
  /** To a `fork` or `vfork` event: whether the engine stays with the child; it does unless `detach` is said. */
  readonly child?: 'follow' | 'detach';
  /** The engine leaves the process, after the event. */
  readonly detach?: true;
}

/** A word for the commonest. Nothing: as `{}`. */
export type Response = Action | ThreadAction | undefined;

const wishes: Readonly<Record<ThreadAction, ResumeAction>> = {
  resume: { kind: 'continue' },
  step: { kind: 'step' },
  'block-step': { kind: 'block-step' },
  hold: { kind: 'hold' },
};

export function actionOf(response: Response): Action {
  if (response === undefined) return {};
  return typeof response === 'string' ? { thread: response } : response;
}

export function wishOf(action: ThreadAction): ResumeAction {
  return wishes[action];
}

/** What is left of an action for the core to do, when the wish is voted for. */
export function answerTo(event: ThreadEvent, { signal, siginfo }: Action): 'pass' | Answer {
  if (event.kind !== 'signal' || (signal === undefined && siginfo === undefined)) return 'pass';
  if (siginfo !== undefined) event.thread.writeSiginfo(siginfo);
  return signal === undefined ? 'pass' : { wish: 'pass', signal };
}
