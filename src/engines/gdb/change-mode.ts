/** From one mode to the other (`QNonStop`). */
import { AllStop } from './all-stop.js';
import { NonStop } from './non-stop.js';
import type { RunContext, RunMode } from './run-mode.js';

/** Going over to all-stop stops every thread; going over to non-stop changes nothing. */
export async function changeMode(
  before: RunMode,
  kind: RunMode['kind'],
  context: RunContext,
): Promise<RunMode> {
  if (before.kind === kind) return before;
  await before.leave();
  if (kind === 'all-stop') return new AllStop(context);
  return new NonStop(context, before instanceof AllStop ? before.lastStop : undefined);
}
