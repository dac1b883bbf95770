/**
 * Signal numbers: the wire has GDB's own, which differ from the kernel's (GDB's <gdb/signals.def>; signal(7)). The
 * kernel's are those of x86_64 and aarch64, which agree.
 */

declare const brand: unique symbol;
/** A signal in GDB's numbering. */
export type GdbSignal = number & { readonly [brand]: 'GdbSignal' };

/** Rows: kernel number, GDB number, name. */
const standardSignals: readonly (readonly [kernel: number, gdb: number, name: string])[] = [
  [1, 1, 'SIGHUP'],
  [2, 2, 'SIGINT'],
  [3, 3, 'SIGQUIT'],
  [4, 4, 'SIGILL'],
  [5, 5, 'SIGTRAP'],
  [6, 6, 'SIGABRT'],
  [7, 10, 'SIGBUS'],
  [8, 8, 'SIGFPE'],
  [9, 9, 'SIGKILL'],
  [10, 30, 'SIGUSR1'],
  [11, 11, 'SIGSEGV'],
  [12, 31, 'SIGUSR2'],
  [13, 13, 'SIGPIPE'],
  [14, 14, 'SIGALRM'],
  [15, 15, 'SIGTERM'],
  // GDB has no number of its own for this one and says "unknown".
  [16, 143, 'SIGSTKFLT'],
  [17, 20, 'SIGCHLD'],
  [18, 19, 'SIGCONT'],
  [19, 17, 'SIGSTOP'],
  [20, 18, 'SIGTSTP'],
  [21, 21, 'SIGTTIN'],
  [22, 22, 'SIGTTOU'],
  [23, 16, 'SIGURG'],
  [24, 24, 'SIGXCPU'],
  [25, 25, 'SIGXFSZ'],
  [26, 26, 'SIGVTALRM'],
  [27, 27, 'SIGPROF'],
  [28, 28, 'SIGWINCH'],
  [29, 23, 'SIGIO'],
  [30, 32, 'SIGPWR'],
  [31, 12, 'SIGSYS'],
];

/** GDB's number for a signal that it does not know. */
const unknown = 143;
const firstRealtime = 32;
const lastRealtime = 64;

/** Realtime signals 33 to 63 lie together; GDB added 32 and 64 later, behind them. */
function gdbRealtime(kernel: number): number {
  if (kernel === firstRealtime) return 77;
  return kernel === lastRealtime ? 78 : kernel + 12;
}

const realtimeSignals = Array.from({ length: lastRealtime - firstRealtime + 1 }, (_unused, index) => {
  const kernel = firstRealtime + index;
  return [kernel, gdbRealtime(kernel), `SIG${kernel}`] as const;
});
const signals = [...standardSignals, ...realtimeSignals];
const gdbByKernel = new Map(signals.map(([kernel, gdb]) => [kernel, gdb]));
const nameByKernel = new Map(signals.map(([kernel, , name]) => [kernel, name]));
const kernelByGdb = new Map(
  signals.filter(([, gdb]) => gdb !== unknown).map(([kernel, gdb]) => [gdb, kernel]),
);

/** A number from the wire as a signal; 0 is "no signal". */
export function gdbSignal(value: number): GdbSignal {
  return value as GdbSignal;
}

/** 0 stays 0 ("no signal"); signals that GDB does not know become 143. */
export function gdbSignalOf(kernel: number): GdbSignal {
  return gdbSignal(kernel === 0 ? 0 : (gdbByKernel.get(kernel) ?? unknown));
}

/** undefined when Linux has no such signal: for GDB's 0 ("no signal") and 143 ("unknown") among others. */
export function kernelSignalOf(gdb: number): number | undefined {
  return kernelByGdb.get(gdb);
}

/** Name of a signal in the kernel's numbering, as GDB writes it: `SIGSEGV`, `SIG34`. */
export function signalName(kernel: number): string {
  return nameByKernel.get(kernel) ?? `SIG${kernel}`;
}
