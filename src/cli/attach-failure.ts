/** Why the kernel does not let a process be traced, in words that say what to do (ptrace(2), yama(7)). */
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** What /proc says about a process and about this one's rights. */
export interface AttachFacts {
  readonly pid: number;
  /** Lines of /proc/PID/status by name; undefined: there is no such process. */
  readonly status: ReadonlyMap<string, string> | undefined;
  /** Name of the process that traces it. */
  readonly tracerName: string | undefined;
  /** The value of /proc/sys/kernel/yama/ptrace_scope, 0 where there is none. */
  readonly yamaScope: number;
  /** Effective user id of this process. */
  readonly uid: number;
  /** Whether this process has CAP_SYS_PTRACE. */
  readonly mayTraceAll: boolean;
}

/** One sentence, without the full stop; undefined when /proc shows nothing that forbids it. */
export function explainAttachFailure(facts: AttachFacts): string | undefined {
  const { status } = facts;
  if (status === undefined) return 'there is no such process';
  const groupLeader = Number(status.get('Tgid') ?? facts.pid);
  if (groupLeader !== facts.pid) return `it is a thread of process ${groupLeader}`;
  const tracer = Number(status.get('TracerPid') ?? 0);
  if (tracer !== 0) {
    const name = facts.tracerName === undefined ? '' : ` (${facts.tracerName})`;
    return `it is already traced by process ${tracer}${name}`;
  }
  if ((status.get('State') ?? '').startsWith('Z')) return 'it has ended and waits for its parent (zombie)';
  if (status.get('Kthread') === '1') return 'it is a thread of the kernel';
  return explainRights(facts, status);
}

function explainRights(facts: AttachFacts, status: ReadonlyMap<string, string>): string | undefined {
  if (facts.yamaScope >= 3) {
    return 'tracing is switched off until the next boot (/proc/sys/kernel/yama/ptrace_scope is 3)';
  }
  if (facts.mayTraceAll) return undefined;
  const owners = (status.get('Uid') ?? '').split(/\s+/).map(Number);
  if (owners.some((owner) => owner !== facts.uid)) {
    return `it belongs to user ${owners[0]}: run as that user, or with the capability CAP_SYS_PTRACE`;
  }
  if (facts.yamaScope > 0) {
    return (
      `/proc/sys/kernel/yama/ptrace_scope is ${facts.yamaScope}: set it to 0, start the program from here, ` +
      'or run with the capability CAP_SYS_PTRACE'
    );
  }
  return 'the capability CAP_SYS_PTRACE is missing';
}

const capSysPtrace = 19;

export function readAttachFacts(pid: number): AttachFacts {
  const status = readStatus(pid);
  const capabilities = BigInt(`0x${readStatus('self')?.get('CapEff') ?? '0'}`);
  const tracer = Number(status?.get('TracerPid') ?? 0);
  return {
    pid,
    status,
    tracerName: tracer === 0 ? undefined : readStatus(tracer)?.get('Name'),
    yamaScope: Number(readOptional('/proc/sys/kernel/yama/ptrace_scope') ?? 0),
    uid: process.geteuid?.() ?? 0,
    mayTraceAll: ((capabilities >> BigInt(capSysPtrace)) & 1n) === 1n,
  };
}

function readStatus(pid: number | 'self'): ReadonlyMap<string, string> | undefined {
  const text = readOptional(`/proc/${pid}/status`);
  if (text === undefined) return undefined;
  return new Map(
    text.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
}

/** undefined: there is no such file, or it went away while it was read. */
function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
