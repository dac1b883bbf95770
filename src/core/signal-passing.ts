/** Signals that reach a process without a word, decided in native code. */
import type { Attachment } from './attachment.js';
import type { Thread } from './thread.js';

const everySignal = (1n << 64n) - 1n;

/** Bit n - 1: a signal n is on its way of which a handler is to be told what the kernel does not say. */
function described(threads: Iterable<Thread>): bigint {
  let bits = 0n;
  for (const { injected } of threads)
    for (const { signal, siginfo } of injected) if (siginfo !== undefined) bits |= 1n << BigInt(signal - 1);
  return bits;
}

/** @returns bit n - 1: nobody is to hear of signal n */
export function signalsPassedBy(attachments: readonly Attachment[], threads: Iterable<Thread>): bigint {
  const passed = attachments.reduce((bits, { passSignals }) => bits & passSignals, everySignal);
  return passed & ~described(threads);
}
