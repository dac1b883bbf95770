/** Signals of this machine, and what a debugger does with each unless told otherwise (signal(7)). */
import { type JsonValue, signalName } from 'gdb-js-rsp-parser';

const lastSignal = 64;
/** The debugger's own: they are not passed on. */
const suppressed: ReadonlySet<number> = new Set([2, 5, 19]);
/** SIGALRM, SIGCHLD, SIGPROF: programs live with them, and nobody wants a stop for each. */
const unstopped: ReadonlySet<number> = new Set([14, 17, 27]);
const firstRealTime = 32;

export function signalRules(): JsonValue {
  return Array.from({ length: lastSignal }, (_, index) => index + 1).map((signal) => {
    const stops = !unstopped.has(signal) && signal < firstRealTime;
    return {
      signo: signal,
      name: signalName(signal),
      suppress: suppressed.has(signal),
      stop: stops,
      notify: stops || signal === 17,
    };
  });
}
