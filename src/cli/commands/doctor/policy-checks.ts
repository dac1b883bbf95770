/** What the machine allows, and whether a certain process may be attached to; nobody is stopped for it. */
import type { Pid } from '../../../base/ids.js';
import {
  collectServer,
  collectTarget,
  explainAttach,
  explainProbe,
  explainYama,
  forCapability,
  hasTraceCapability,
  mayLookInto,
  type ServerFacts,
  type Tracer,
} from '../../../core/index.js';
import { type Finding, failed, note, ok } from './finding.js';

export function policyChecks(tracer: Tracer): readonly Finding[] {
  const server = collectServer(tracer.native);
  return [checkPtrace(server), checkYama(server), checkCapability(server), checkPlace(server)];
}

function checkPtrace(server: ServerFacts): Finding {
  const verdict = explainProbe(server);
  return verdict === undefined
    ? ok('ptrace', 'the system call is there, and no filter forbids it')
    : failed('ptrace', verdict.reason, verdict.remedy);
}

function checkYama(server: ServerFacts): Finding {
  const verdict = explainYama(server, false);
  if (verdict !== undefined) {
    const isForAll = explainYama(server, true) !== undefined;
    return (isForAll ? failed : note)('yama', verdict.reason, verdict.remedy);
  }
  const { yamaScope } = server;
  if (yamaScope === undefined) return ok('yama', 'the kernel has no Yama');
  return ok('yama', `kernel.yama.ptrace_scope is ${yamaScope}, which forbids this server nothing`);
}

function checkCapability(server: ServerFacts): Finding {
  if (hasTraceCapability(server.task))
    return ok('capability', 'CAP_SYS_PTRACE is there: processes of all users');
  return note(
    'capability',
    `CAP_SYS_PTRACE is not there: only processes of user ${server.task.userIds[0]} that have no more rights`,
    forCapability(server),
  );
}

function checkPlace({ surroundings, seesAllProcesses }: ServerFacts): Finding {
  if (surroundings === 'host' && seesAllProcesses)
    return ok('place', 'a machine whose processes are all visible');
  const where = surroundings === 'host' ? 'a PID namespace of its own' : `a container (${surroundings})`;
  return seesAllProcesses
    ? ok('place', `${where} that sees all processes of the machine`)
    : note('place', `${where}: only its processes are visible, under its own ids`);
}

export function processCheck(tracer: Tracer, pid: Pid): Finding {
  const target = collectTarget(pid);
  const check = `process ${pid}`;
  const server = collectServer(tracer.native);
  const { task } = target;
  const isFree = task !== undefined && task.tracer === undefined && task.processId === pid;
  if (isFree && explainProbe(server) === undefined && mayLookInto(pid))
    return ok(check, `${task.name} may be attached to`);
  const { reason, remedy } = explainAttach(server, target);
  return failed(check, reason, remedy);
}
