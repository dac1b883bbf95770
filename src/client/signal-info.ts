/** What the kernel says of a signal: `siginfo_t` of Linux (sigaction(2), <asm-generic/siginfo.h>). */
import type { ByteOrder } from './registers/register-value.js';

/** Why a thread has got a signal; the fields that its code has. */
export interface SignalInfo {
  /** In the kernel's numbering. */
  readonly signal: number;
  readonly errno: number;
  readonly code: number;
  /** Of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP: the address it is about. */
  readonly address?: bigint;
  /** Of SIGCHLD and of signals that a process sent. */
  readonly pid?: number;
  readonly uid?: number;
  /** Of SIGCHLD. */
  readonly status?: number;
  /** As it lies in memory. */
  readonly bytes: Uint8Array;
}

const sigchld = 17;
const faults: ReadonlySet<number> = new Set([4, 5, 7, 8, 11]);
const leastBytes = 32;

/** @param pointerBytes of the program: its layout depends on it */
export function parseSignalInfo(bytes: Uint8Array, pointerBytes: number, order: ByteOrder): SignalInfo {
  const padded = new Uint8Array(Math.max(bytes.length, leastBytes));
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const isLittle = order === 'little';
  const word = (at: number): number => view.getInt32(at, isLittle);
  const [signal, errno, code] = [word(0), word(4), word(8)];
  const info = { signal, errno, code, bytes };
  // What follows is aligned as a pointer.
  const fields = pointerBytes === 8 ? 16 : 12;
  if (faults.has(signal) && code > 0) {
    const address =
      pointerBytes === 8 ? view.getBigUint64(fields, isLittle) : BigInt(view.getUint32(fields, isLittle));
    return { ...info, address };
  }
  const sender = { pid: word(fields), uid: view.getUint32(fields + 4, isLittle) };
  return signal === sigchld && code > 0
    ? { ...info, ...sender, status: word(fields + 8) }
    : { ...info, ...sender };
}
