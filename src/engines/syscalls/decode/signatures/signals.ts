/** Calls about signals. */
import { addressText, filled, int, oneOfInt, size } from '../basics.js';
import { type Decoder, ofRegisters, out, type Signature, signature } from '../call-facts.js';
import { action, alternateStack, siginfo, signal, signalSet, signalSetAt } from '../structs/signals.js';
import { timespec, timespec64 } from '../structs/times.js';
import { maskChanges, signalName } from '../tables/signals.js';

/** Where a signal is sent to nobody it may be 0, kill(2). */
const sent = ofRegisters<Decoder>((value, call, index) => (value === 0n ? '0' : signal(value, call, index)));
const signalResult = ofRegisters((result: bigint): string => `${result} (${signalName(Number(result))})`);

/** The kernel takes everything from the frame that it has put on the stack. */
const restoredMask: Decoder = (_value, call) =>
  `{mask=${signalSetAt(call.stackPointer + BigInt(call.abi.restoredMaskOffset), 8, call)}}`;

export const signalCalls: Readonly<Record<string, Signature>> = {
  rt_sigaction: signature([signal, action, out(filled(action)), size]),
  rt_sigprocmask: signature([oneOfInt(maskChanges), signalSet(3), out(filled(signalSet(3))), size]),
  rt_sigpending: signature([out(filled(signalSet(1))), size]),
  rt_sigsuspend: signature([signalSet(1), size]),
  rt_sigtimedwait: signature([signalSet(3), out(filled(siginfo)), timespec, size], signalResult),
  rt_sigtimedwait_time64: signature([signalSet(3), out(filled(siginfo)), timespec64, size], signalResult),
  rt_sigqueueinfo: signature([int, signal, siginfo]),
  rt_tgsigqueueinfo: signature([int, int, signal, siginfo]),
  sigaltstack: signature([alternateStack, out(filled(alternateStack))]),
  kill: signature([int, sent]),
  tkill: signature([int, sent]),
  tgkill: signature([int, int, sent]),
  pause: signature([]),
  rt_sigreturn: signature([restoredMask]),
  pidfd_send_signal: signature([int, sent, siginfo, (value) => addressText(value)]),
};
