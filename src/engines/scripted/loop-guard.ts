/** Ends a function that does not return, which a promise's time limit cannot: nothing else would run meanwhile. */
import { Script } from 'node:vm';

const slot = Symbol.for('outstep.guarded-call');
const script = new Script(`globalThis[Symbol.for('outstep.guarded-call')]()`, { filename: 'loop-guard' });

/**
 * Calls `work` and throws an Error with the code ERR_SCRIPT_EXECUTION_TIMEOUT when it takes longer. Costs about 50 us: the
 * limit is a thread of its own (vm.Script, Node's manual). What comes behind an `await` is not guarded.
 */
export function callGuarded<Result>(work: () => Result, timeoutMs: number): Result {
  const outer: unknown = Reflect.get(globalThis, slot);
  Reflect.set(globalThis, slot, work);
  try {
    return script.runInThisContext({ timeout: timeoutMs }) as Result;
  } finally {
    Reflect.set(globalThis, slot, outer);
  }
}
