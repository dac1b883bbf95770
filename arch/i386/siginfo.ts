/**
 * siginfo_t of 32-bit programs. A 64-bit tracer is shown its own layout; clients read and write the program's. Which
 * members there are follows from the signal and si_code, as in the kernel; layouts: <asm-generic/siginfo.h> with
 * 4-byte pointers and longs, sigaction(2).
 */

import { littleEndian, numberOf } from '../../src/base/byte-order.js';
import type { SiginfoLayout } from '../module.js';

const sizeBytes = 128;

/** A member: place and size in the program's layout, then in the tracer's. */
type Member = readonly [programOffset: number, programBytes: number, ownOffset: number, ownBytes: number];

/** si_signo, si_errno, si_code. */
const head: readonly Member[] = [
  [0, 4, 0, 4],
  [4, 4, 4, 4],
  [8, 4, 8, 4],
];
/** si_pid, si_uid. */
const sender: readonly Member[] = [
  [12, 4, 16, 4],
  [16, 4, 20, 4],
];
/** si_value, a pointer or a number. */
const value: Member = [20, 4, 24, 8];
const address: Member = [12, 4, 16, 8];

const members = {
  sender,
  queued: [...sender, value],
  /** si_timerid, si_overrun at the sender's place; si_value; si_sys_private. */
  timer: [...sender, value, [24, 4, 32, 4]],
  /** si_status, si_utime, si_stime. */
  child: [...sender, [20, 4, 24, 4], [24, 4, 32, 8], [28, 4, 40, 8]],
  fault: [address],
  /** si_addr_lsb. */
  'memory-failure': [address, [16, 2, 24, 2]],
  /** si_lower, si_upper. */
  bounds: [address, [20, 4, 32, 8], [24, 4, 40, 8]],
  /** si_pkey. */
  'protection-key': [address, [20, 4, 32, 4]],
  /** si_perf_data, si_perf_type, si_perf_flags. */
  perf: [address, [16, 4, 24, 8], [20, 4, 32, 4], [24, 4, 36, 4]],
  /** si_band, si_fd. */
  poll: [
    [12, 4, 16, 8],
    [16, 4, 24, 4],
  ],
  /** si_call_addr, si_syscall, si_arch. */
  'system-call': [address, [16, 4, 24, 4], [20, 4, 28, 4]],
} as const satisfies Readonly<Record<string, readonly Member[]>>;

type Kind = keyof typeof members;

/** By signal number, and by si_code where that decides; for codes from the kernel. */
const kernelKinds: ReadonlyMap<number, Kind> = new Map([
  [4, 'fault'],
  [5, 'fault'],
  [7, 'fault'],
  [8, 'fault'],
  [11, 'fault'],
  [17, 'child'],
  [29, 'poll'],
  [31, 'system-call'],
]);
const specialKinds: Readonly<Record<string, Kind>> = {
  /** SIGTRAP, TRAP_PERF. */
  '5:6': 'perf',
  /** SIGBUS, BUS_MCEERR_AR and BUS_MCEERR_AO. */
  '7:4': 'memory-failure',
  '7:5': 'memory-failure',
  /** SIGSEGV, SEGV_BNDERR and SEGV_PKUERR. */
  '11:3': 'bounds',
  '11:4': 'protection-key',
};

const codes = { user: 0, timer: -2, signalIo: -5, lastPoll: 6, kernel: 0x80 } as const;

function kindOf(signal: number, code: number): Kind {
  if (code === codes.user || code >= codes.kernel) return 'sender';
  if (code === codes.timer) return 'timer';
  if (code === codes.signalIo) return 'poll';
  if (code < 0) return 'queued';
  const kind = specialKinds[`${signal}:${code}`] ?? kernelKinds.get(signal);
  // F_SETSIG has the codes of SIGIO delivered with any other signal.
  return kind ?? (code <= codes.lastPoll ? 'poll' : 'sender');
}

function membersOf(bytes: Uint8Array): readonly Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [...head, ...members[kindOf(view.getInt32(0, true), view.getInt32(8, true))]];
}

/** Addresses and numbers alike are extended with zeros: the program has no other half of either. */
export const siginfo: SiginfoLayout = {
  toProgram: (own) => {
    const program = new Uint8Array(sizeBytes);
    for (const [programOffset, programBytes, ownOffset] of membersOf(own)) {
      program.set(own.subarray(ownOffset, ownOffset + programBytes), programOffset);
    }
    return program;
  },
  fromProgram: (program) => {
    const own = new Uint8Array(sizeBytes);
    for (const [programOffset, programBytes, ownOffset, ownBytes] of membersOf(program)) {
      const number = numberOf(program.subarray(programOffset, programOffset + programBytes));
      own.set(littleEndian(number, ownBytes), ownOffset);
    }
    return own;
  },
};
