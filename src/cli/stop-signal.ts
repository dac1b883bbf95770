/** The signals by which the server is asked to end. */
import { constants } from 'node:os';
import { hostProcess } from '../base/host-process.js';

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves with the exit status that shells show for the signal (128 + its number). From the call on these signals
 * no longer end the process by themselves.
 */
export function nextStopSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const name of stopSignals) hostProcess.on(name, () => resolve(128 + constants.signals[name]));
  });
}
