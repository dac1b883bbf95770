/**
 * From facts to a verdict. Rules in the order in which the kernel looks (ptrace(2), "Ptrace access mode checking", with
 * the checks of ptrace_attach() in front); the first that holds is the answer.
 */
import { constants } from 'node:os';
import {
  type Cause,
  hasTraceCapability,
  type ServerFacts,
  type TargetFacts,
  type TaskFacts,
  type Verdict,
} from './facts.js';
import { forCapability, forEmulation, forSecurityOption, forTracer, forUser, forYama } from './remedies.js';

const { ENOSYS, ESRCH } = constants.errno;

/** uid_map of the first user namespace. */
const firstUserMap = '0 0 4294967295';
/** What an id is shown as that the user namespace has no name for, user_namespaces(7). */
const unmappedId = 65534;

function verdict(cause: Cause, reason: string, remedy?: string): Verdict {
  return { cause, reason, remedy };
}

/** The line that helps, as messages have it; none where nothing does. */
export function fixLine(remedy: string | undefined): readonly string[] {
  return remedy === undefined ? [] : [`Fix: ${remedy}`];
}

/** Why a process may not be traced, or what speaks against it. */
export function explainAttach(server: ServerFacts, target: TargetFacts): Verdict {
  const { task } = target;
  if (task === undefined) return explainMissing(server, target);
  for (const rule of attachRules) {
    const found = rule(server, task, target);
    if (found !== undefined) return found;
  }
  return unknownCause(server);
}

/** Why not even a process that the server has just started may be traced. */
export function explainLaunch(server: ServerFacts): Verdict {
  const { tracer } = server.task;
  return (
    explainProbe(server) ??
    (tracer === undefined
      ? undefined
      : verdict(
          'server-traced',
          `this server is traced itself, by ${tracer.id} (${tracer.name}), which takes what it starts`,
          forTracer(tracer),
        )) ??
    explainYama(server, true) ??
    explainModules(server, server.task) ??
    unknownCause(server)
  );
}

/** undefined: ptrace is there, whatever it allows. */
export function explainProbe(server: ServerFacts): Verdict | undefined {
  const { probeErrno, emulator, task } = server;
  if (probeErrno === ESRCH) return undefined;
  if (emulator !== undefined)
    return verdict(
      'emulated',
      `this processor is emulated (${emulator}), and ptrace is not there under emulation`,
      forEmulation(server),
    );
  if (task.seccompMode !== 0)
    return verdict(
      'seccomp',
      'a seccomp filter forbids this server the system call ptrace',
      server.surroundings === 'host' ? 'start the server without that filter' : forCapability(server),
    );
  if (probeErrno === ENOSYS)
    return verdict('no-ptrace', 'this system has no ptrace: a sandbox, or emulation', forEmulation(server));
  return verdict('no-ptrace', 'the system call ptrace is refused whatever it is asked');
}

function explainMissing({ seesAllProcesses }: ServerFacts, { exists }: TargetFacts): Verdict {
  if (exists)
    return verdict(
      'hidden',
      'it exists, but /proc is mounted with hidepid and does not show it to this user',
      'sudo outstep ...',
    );
  return seesAllProcesses
    ? verdict('no-process', 'no process has this id')
    : verdict('no-process', 'process ids are those of this PID namespace (container)', 'ps -e');
}

type AttachRule = (server: ServerFacts, task: TaskFacts, target: TargetFacts) => Verdict | undefined;

const attachRules: readonly AttachRule[] = [
  (server) => explainProbe(server),
  ({ task }, { processId }) =>
    processId === task.id ? verdict('own-thread', 'it is this server itself') : undefined,
  (_server, { processId }, { id }) =>
    processId === id
      ? undefined
      : verdict('thread', `it is a thread of process ${processId}`, `attach to ${processId}`),
  (_server, { isKernelThread }) =>
    isKernelThread
      ? verdict('kernel-thread', 'it is a thread of the kernel, which nobody can trace')
      : undefined,
  (_server, { tracer }) =>
    tracer && verdict('traced', `already traced by ${tracer.id} (${tracer.name})`, forTracer(tracer)),
  (_server, task) => explainEnd(task),
  explainUserNamespace,
  explainUser,
  explainDumpable,
  explainCapabilities,
  (server, _task, { isDescendant }) => explainYama(server, isDescendant),
  (server, task) => explainModules(server, task),
];

function explainEnd({ state, threadCount }: TaskFacts): Verdict | undefined {
  if (state !== 'Z' && state !== 'X') return undefined;
  return threadCount > 1
    ? verdict('ended', 'its main thread has ended already (it is a zombie), and others of its threads run on')
    : verdict('ended', 'it has ended already (it is a zombie) and waits for its parent');
}

function explainUserNamespace(server: ServerFacts, { userMap }: TaskFacts): Verdict | undefined {
  const own = server.task.userMap;
  if (own === undefined || own === firstUserMap || userMap === undefined || userMap === own) return undefined;
  return verdict(
    'user-namespace',
    'it is in another user namespace, where the capabilities of this server do not count',
    'start the server outside of its user namespace',
  );
}

/** Whether the capability decides: it stands for all that follows but the security modules. */
function isExempt({ task }: ServerFacts): boolean {
  return hasTraceCapability(task);
}

/** All ids of the target must be the real one of the server. */
function explainUser(server: ServerFacts, { userIds, groupIds }: TaskFacts): Verdict | undefined {
  if (isExempt(server)) return undefined;
  const [ownUser] = server.task.userIds;
  const [ownGroup] = server.task.groupIds;
  const other = userIds.find((id) => id !== ownUser);
  if (other !== undefined) {
    const owner = other === unmappedId ? 'a user that this user namespace does not know' : `user ${other}`;
    return verdict(
      'user',
      `it belongs to ${owner}, and this server to user ${ownUser}`,
      forUser(server, other),
    );
  }
  const group = groupIds.find((id) => id !== ownGroup);
  return group === undefined
    ? undefined
    : verdict(
        'user',
        `it belongs to group ${group}, and this server to group ${ownGroup}`,
        forCapability(server),
      );
}

function explainDumpable(server: ServerFacts, { filesOwner, userIds }: TaskFacts): Verdict | undefined {
  if (isExempt(server) || filesOwner === undefined || filesOwner === userIds[1]) return undefined;
  return verdict(
    'not-dumpable',
    'it is not dumpable: it has asked for that (prctl PR_SET_DUMPABLE), was given privileges, or its file is not readable',
    forCapability(server),
  );
}

function explainCapabilities(server: ServerFacts, { permittedCapabilities }: TaskFacts): Verdict | undefined {
  const missing = permittedCapabilities & ~server.task.permittedCapabilities;
  if (isExempt(server) || missing === 0n) return undefined;
  return verdict(
    'capabilities',
    'it has capabilities that this server lacks, CAP_SYS_PTRACE among the latter',
    forCapability(server),
  );
}

/** Documentation/admin-guide/LSM/Yama.rst */
export function explainYama(server: ServerFacts, isDescendant: boolean): Verdict | undefined {
  const scope = server.yamaScope ?? 0;
  if (scope >= 3)
    return verdict(
      'yama',
      `kernel.yama.ptrace_scope is ${scope}: nobody may trace until the next boot`,
      'take kernel.yama.ptrace_scope out of /etc/sysctl.d and reboot',
    );
  if (scope === 0 || isExempt(server)) return undefined;
  if (scope === 2)
    return verdict(
      'yama',
      'kernel.yama.ptrace_scope is 2: only who has the capability CAP_SYS_PTRACE may trace',
      forYama(server, 0),
    );
  if (isDescendant) return undefined;
  return verdict(
    'yama',
    'kernel.yama.ptrace_scope is 1: without CAP_SYS_PTRACE only what the server has started may be traced',
    forYama(server, 0),
  );
}

function explainModules(server: ServerFacts, { securityLabel }: TaskFacts): Verdict | undefined {
  if (server.isPtraceDenied)
    return verdict('selinux', 'SELinux forbids ptrace (deny_ptrace is on)', 'sudo setsebool deny_ptrace off');
  const own = server.task.securityLabel;
  if (own === undefined || isUnconfined(own)) return undefined;
  if (isSelinuxContext(own))
    return verdict(
      'selinux',
      `SELinux may keep ${own} from tracing ${securityLabel ?? 'it'}`,
      forSecurityOption(server, 'label=disable') ?? 'sudo ausearch -m avc -ts recent',
    );
  return verdict(
    'apparmor',
    `the AppArmor profile ${own} may keep this server from tracing ${securityLabel ?? 'it'}`,
    forSecurityOption(server, 'apparmor=unconfined') ?? 'sudo dmesg | grep apparmor',
  );
}

/** user:role:type:range */
function isSelinuxContext(label: string): boolean {
  return label.split(':').length >= 3;
}

function isUnconfined(label: string): boolean {
  return label === 'unconfined' || label === 'kernel' || label.includes(':unconfined_t:');
}

function unknownCause(server: ServerFacts): Verdict {
  return hasTraceCapability(server.task)
    ? verdict(
        'unknown',
        'nothing in /proc forbids it: a tracer outside of this PID namespace has it, or a security module such as Landlock is against it',
      )
    : verdict(
        'unknown',
        'nothing in /proc forbids it: a tracer outside of this PID namespace has it, or a security module such as Landlock is against it; the capability CAP_SYS_PTRACE is missing',
        forCapability(server),
      );
}
