/** What can be known about why the kernel refuses to trace; collected by collect.ts, explained by explain.ts. */

/** A task as /proc shows it, proc(5). */
export interface TaskFacts {
  readonly id: number;
  /** comm. */
  readonly name: string;
  /** The process that it is a thread of. */
  readonly processId: number;
  /** One letter: R, S, D, T, t, Z, X. */
  readonly state: string;
  readonly threadCount: number;
  readonly tracer: { readonly id: number; readonly name: string } | undefined;
  /** Real, effective, saved. As this server's user namespace shows them. */
  readonly userIds: readonly number[];
  readonly groupIds: readonly number[];
  /** The owner of its files in /proc: the effective user, unless the process is not dumpable; undefined: not known. */
  readonly filesOwner: number | undefined;
  /** PF_KTHREAD among the flags of stat. */
  readonly isKernelThread: boolean;
  readonly permittedCapabilities: bigint;
  readonly effectiveCapabilities: bigint;
  /** 0 off, 1 strict, 2 filter: prctl(2), PR_SET_SECCOMP. */
  readonly seccompMode: number;
  /** uid_map: two tasks that show different ones are in different user namespaces. */
  readonly userMap: string | undefined;
  /** The security module's name for it: a SELinux context or an AppArmor profile; undefined where there is neither. */
  readonly securityLabel: string | undefined;
}

/** Where the server runs, which decides who can change something. */
export type Surroundings = 'host' | 'docker' | 'podman' | 'kubernetes' | 'container';

/** What decides about the one who wants to trace. */
export interface ServerFacts {
  readonly task: TaskFacts;
  readonly surroundings: Surroundings;
  /** kernel.yama.ptrace_scope; undefined: the kernel has no Yama. */
  readonly yamaScope: number | undefined;
  /** The boolean deny_ptrace of SELinux. */
  readonly isPtraceDenied: boolean;
  /**
   * What the kernel says to PTRACE_SEIZE of a task that cannot exist: ESRCH where ptrace is there, something else where
   * the call does not get that far.
   */
  readonly probeErrno: number;
  /** What emulates this processor, as far as it can be seen. */
  readonly emulator: string | undefined;
  /** In the first PID namespace all processes of the machine can be named. */
  readonly seesAllProcesses: boolean;
}

/** What is known of a process that is to be traced. */
export interface TargetFacts {
  /** As it was named. */
  readonly id: number;
  /** The thread that was refused, usually the first one; undefined: /proc has no such task. */
  readonly task: TaskFacts | undefined;
  /** The kernel knows the id, whatever /proc shows: it does not where hidepid hides it. */
  readonly exists: boolean;
  /** The server is among its parents, or theirs. */
  readonly isDescendant: boolean;
}

/** One sentence without its subject's name, and the one line that helps. */
export interface Verdict {
  readonly cause: Cause;
  /** Begins in lower case and has no full stop: it follows "Operation not permitted: ". */
  readonly reason: string;
  /** A command where there is one, otherwise what to do; undefined: nothing helps. */
  readonly remedy: string | undefined;
}

/** Why something is refused. */
export type Cause =
  | 'no-process'
  | 'hidden'
  | 'own-thread'
  | 'thread'
  | 'kernel-thread'
  | 'traced'
  | 'server-traced'
  | 'ended'
  | 'emulated'
  | 'no-ptrace'
  | 'seccomp'
  | 'user-namespace'
  | 'user'
  | 'not-dumpable'
  | 'capabilities'
  | 'yama'
  | 'selinux'
  | 'apparmor'
  | 'unknown';

/** Bit of CAP_SYS_PTRACE, capability.h. */
const capSysPtrace = 19n;

/** Whether a task may trace others' processes: CAP_SYS_PTRACE, capabilities(7). */
export function hasTraceCapability({ effectiveCapabilities }: TaskFacts): boolean {
  return ((effectiveCapabilities >> capSysPtrace) & 1n) === 1n;
}
