/** Where a signal comes from, by what the kernel says of it: siginfo_t, sigaction(2), <asm-generic/siginfo.h>. */
import { commandName, type Thread } from '../core/index.js';

/** Where a signal comes from, by its siginfo_t (sigaction(2)). */
export interface SignalOrigin {
  /** si_code. */
  readonly code: number;
  /** undefined: it is no process that has sent it. */
  readonly sender: SignalSender | undefined;
  /** Of a fault: what was accessed, or the instruction; undefined: the signal is of another kind. */
  readonly address: bigint | undefined;
}

/** The process that a signal came from. */
export interface SignalSender {
  readonly pid: number;
  /** Real user id. */
  readonly uid: number;
  /** comm; undefined: it is gone. */
  readonly name: string | undefined;
}

/** SI_USER, SI_QUEUE, SI_MESGQ, SI_TKILL: those that name a process. */
const sentCodes: ReadonlySet<number> = new Set([0, -1, -3, -6]);
const sigchld = 17;
/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV. */
const faults: ReadonlySet<number> = new Set([4, 5, 7, 8, 11]);
const largestFaultCode = 0x7f;

/** Of a thread that a signal is about to be delivered to; undefined: nothing is known. */
export function signalOrigin({ tid, process }: Thread): SignalOrigin | undefined {
  // In this process's own layout, whatever the program's is.
  const bytes = process.native.getSiginfo(tid);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [signal, code] = [view.getInt32(0, true), view.getInt32(8, true)];
  const isSent = sentCodes.has(code) || (signal === sigchld && code > 0);
  const isFault = faults.has(signal) && code > 0 && code <= largestFaultCode;
  const pid = view.getInt32(16, true);
  return {
    code,
    sender: isSent
      ? { pid, uid: view.getUint32(20, true), name: pid === 0 ? undefined : commandName(pid) }
      : undefined,
    address: isFault ? view.getBigUint64(16, true) : undefined,
  };
}
