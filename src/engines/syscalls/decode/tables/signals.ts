/** Of signals: <asm/signal.h>, <asm-generic/siginfo.h>, the same on x86 and aarch64. */
import { constants, enumeration } from '../constants.js';

const names =
  `HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG
  XCPU XFSZ VTALRM PROF WINCH IO PWR SYS`.split(/\s+/);

/** The first that the kernel calls real-time. */
const firstRealTime = 32;
export const signalCount = 64;

/** Without SIG in front, as in sets; real-time ones are counted from the kernel's first. */
export function shortSignalName(signal: number): string | undefined {
  if (signal === firstRealTime) return 'RTMIN';
  if (signal > firstRealTime && signal <= signalCount) return `RT_${signal - firstRealTime}`;
  return names[signal - 1];
}

export function signalName(signal: number): string {
  const name = shortSignalName(signal);
  return name === undefined ? String(signal) : `SIG${name}`;
}

/** With or without SIG; undefined: no such signal. */
export function signalNumber(name: string): number | undefined {
  const wanted = name.toUpperCase().replace(/^SIG/, '');
  for (let signal = 1; signal <= signalCount; signal++) if (shortSignalName(signal) === wanted) return signal;
  return undefined;
}

export const maskChanges = enumeration('SIG_???', 'SIG_', 0, 'BLOCK UNBLOCK SETMASK');

export const actionFlags = constants(
  'SA_???',
  `SA_RESTORER 0x4000000 SA_ONSTACK 0x8000000 SA_RESTART 0x10000000 SA_NODEFER 0x40000000 SA_RESETHAND 0x80000000
   SA_SIGINFO 4 SA_NOCLDSTOP 1 SA_NOCLDWAIT 2 SA_EXPOSE_TAGBITS 0x800`,
);
export const stackFlags = constants('SS_???', 'SS_ONSTACK 1 SS_DISABLE 2 SS_AUTODISARM 0x80000000');

/** si_code of any signal. */
export const senderCodes = constants(
  'SI_???',
  `SI_USER 0 SI_KERNEL 0x80 SI_QUEUE -1 SI_TIMER -2 SI_MESGQ -3 SI_ASYNCIO -4 SI_SIGIO -5 SI_TKILL -6 SI_DETHREAD -7
   SI_ASYNCNL -60`,
);
export const childCodes = enumeration('CLD_???', 'CLD_', 1, 'EXITED KILLED DUMPED TRAPPED STOPPED CONTINUED');
export const pollCodes = enumeration('POLL_???', 'POLL_', 1, 'IN OUT MSG ERR PRI HUP');

/** Of the signals of faults, by their names. */
export const faultCodes = {
  SEGV: enumeration('SEGV_???', 'SEGV_', 1, 'MAPERR ACCERR BNDERR PKUERR'),
  BUS: enumeration('BUS_???', 'BUS_', 1, 'ADRALN ADRERR OBJERR MCEERR_AR MCEERR_AO'),
  FPE: enumeration('FPE_???', 'FPE_', 1, 'INTDIV INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB'),
  ILL: enumeration('ILL_???', 'ILL_', 1, 'ILLOPC ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK'),
  TRAP: enumeration('TRAP_???', 'TRAP_', 1, 'BRKPT TRACE BRANCH HWBKPT UNK'),
} as const;
export const filterCodes = enumeration('SYS_???', 'SYS_', 1, 'SECCOMP USER_DISPATCH');
