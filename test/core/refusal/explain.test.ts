/** Verdicts about facts that this machine cannot bring about, and what helps in which surroundings. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'mocha';
import { explainAttach, explainLaunch } from '../../../src/core/refusal/explain.js';
import type { Cause, ServerFacts, TargetFacts, TaskFacts } from '../../../src/core/refusal/facts.js';

const allCapabilities = (1n << 41n) - 1n;

function task(changes: Partial<TaskFacts> = {}): TaskFacts {
  return {
    id: 42,
    name: 'program',
    processId: 42,
    state: 'S',
    threadCount: 1,
    tracer: undefined,
    userIds: [1000, 1000, 1000],
    groupIds: [1000, 1000, 1000],
    filesOwner: 1000,
    isKernelThread: false,
    permittedCapabilities: 0n,
    effectiveCapabilities: 0n,
    seccompMode: 0,
    userMap: '0 0 4294967295',
    securityLabel: undefined,
    ...changes,
  };
}

function server(changes: Partial<ServerFacts> = {}, ownTask: Partial<TaskFacts> = {}): ServerFacts {
  return {
    task: task({ id: 7, name: 'node', processId: 7, ...ownTask }),
    surroundings: 'host',
    yamaScope: undefined,
    isPtraceDenied: false,
    probeErrno: constants.errno.ESRCH,
    emulator: undefined,
    seesAllProcesses: true,
    ...changes,
  };
}

function target(changes: Partial<TaskFacts> = {}, isDescendant = false): TargetFacts {
  return { id: 42, task: task(changes), exists: true, isDescendant };
}

const root: Partial<TaskFacts> = {
  userIds: [0, 0, 0],
  groupIds: [0, 0, 0],
  filesOwner: 0,
  permittedCapabilities: allCapabilities,
  effectiveCapabilities: allCapabilities,
};
const sysctl = 'sudo sysctl kernel.yama.ptrace_scope=0';

const verdicts: readonly [string, ServerFacts, TargetFacts, Cause, RegExp, string | undefined][] = [
  ['yama 1', server({ yamaScope: 1 }), target(), 'yama', /ptrace_scope is 1/, sysctl],
  ['yama 2', server({ yamaScope: 2 }), target({}, true), 'yama', /ptrace_scope is 2/, sysctl],
  ['yama 3, for root as well', server({ yamaScope: 3 }, root), target(), 'yama', /is 3: nobody/, undefined],
  [
    'yama in a container',
    server({ yamaScope: 1, surroundings: 'docker' }),
    target(),
    'yama',
    /is 1/,
    `${sysctl} (on the host)`,
  ],
  [
    'deny_ptrace',
    server({ isPtraceDenied: true }, root),
    target(),
    'selinux',
    /deny_ptrace/,
    'sudo setsebool deny_ptrace off',
  ],
  [
    'a SELinux context',
    server({ surroundings: 'podman' }, { ...root, securityLabel: 'system_u:system_r:container_t:s0:c1,c2' }),
    target({ securityLabel: 'system_u:system_r:init_t:s0' }),
    'selinux',
    /container_t:s0:c1,c2 from tracing system_u:system_r:init_t:s0/,
    'podman run --security-opt label=disable ...',
  ],
  [
    'an AppArmor profile',
    server({ surroundings: 'docker' }, { ...root, securityLabel: 'docker-default (enforce)' }),
    target({ securityLabel: 'unconfined' }),
    'apparmor',
    /profile docker-default \(enforce\) .* tracing unconfined/,
    'docker run --security-opt apparmor=unconfined ...',
  ],
  [
    'a pod',
    server({ surroundings: 'kubernetes' }, { ...root, effectiveCapabilities: 0n, permittedCapabilities: 0n }),
    target(),
    'user',
    /user 1000, and this server to user 0/,
    'kubectl debug -it POD --image=IMAGE --target=CONTAINER --profile=general',
  ],
  [
    'the right user, on a host',
    server(),
    target({ userIds: [33, 33, 33] }),
    'user',
    /user 33/,
    "sudo -u '#33' outstep ...",
  ],
  ['one of its ids', server(), target({ userIds: [1000, 1000, 0] }), 'user', /user 0/, 'sudo outstep ...'],
  [
    'its group',
    server(),
    target({ groupIds: [1000, 50, 50] }),
    'user',
    /group 50, and this server to group 1000/,
    'sudo outstep ...',
  ],
  [
    'a user without a name here',
    server({ surroundings: 'docker' }),
    target({ userIds: [65534, 65534, 65534] }),
    'user',
    /a user that this user namespace does not know/,
    'docker run --user=65534 ..., or --user=0 with --cap-add=SYS_PTRACE',
  ],
  [
    'a debugger has it',
    server({}, root),
    target({ tracer: { id: 9, name: 'gdb' } }),
    'traced',
    /already traced by 9 \(gdb\)/,
    'let gdb detach from it first',
  ],
  [
    'Rosetta',
    server({ probeErrno: constants.errno.ENOSYS, emulator: 'Rosetta', surroundings: 'docker' }, root),
    target(),
    'emulated',
    /emulated \(Rosetta\)/,
    'docker run --platform with the architecture of the machine itself, linux/arm64 or linux/amd64',
  ],
  ['nothing known', server({}, root), target(), 'unknown', /Landlock/, undefined],
  [
    'nothing known, no capability',
    server(),
    target(),
    'unknown',
    /CAP_SYS_PTRACE is missing/,
    'sudo outstep ...',
  ],
];

describe('core: verdicts about refusals', () => {
  for (const [title, itself, other, cause, reason, remedy] of verdicts)
    it(`explain ${title}`, () => {
      const found = explainAttach(itself, other);
      assert.equal(found.cause, cause);
      assert.match(found.reason, reason);
      if (cause !== 'yama' || itself.yamaScope !== 3) assert.equal(found.remedy, remedy);
      // Debuggers show it in one line, as it is.
      assert.match(found.reason + (found.remedy ?? ''), /^[\x20-\x7e]+$/);
      assert.doesNotMatch(found.reason, /^[A-Z][a-z]|\.$/);
    });

  it('let children be traced under yama 1, and root under 1 and 2', () => {
    assert.notEqual(explainAttach(server({ yamaScope: 1 }), target({}, true)).cause, 'yama');
    for (const yamaScope of [1, 2])
      assert.notEqual(explainAttach(server({ yamaScope }, root), target()).cause, 'yama');
  });

  it('follow the order of the kernel', () => {
    const everything = server({ yamaScope: 3, isPtraceDenied: true });
    const other = { userIds: [0, 0, 0], filesOwner: 0 };
    assert.equal(explainAttach(everything, target({ ...other, state: 'Z' })).cause, 'ended');
    assert.equal(explainAttach(everything, target(other)).cause, 'user');
    assert.equal(explainAttach(everything, target({ filesOwner: 0 })).cause, 'not-dumpable');
    assert.equal(explainAttach(everything, target()).cause, 'yama');
  });

  it('explain launches', () => {
    const of = (facts: ServerFacts): Cause => explainLaunch(facts).cause;
    assert.equal(of(server({ yamaScope: 1 })), 'unknown');
    assert.equal(of(server({ yamaScope: 2 })), 'yama');
    assert.equal(of(server({}, { tracer: { id: 9, name: 'strace' } })), 'server-traced');
    assert.equal(of(server({ probeErrno: constants.errno.EPERM }, { seccompMode: 2 })), 'seccomp');
    assert.equal(of(server({ probeErrno: constants.errno.ENOSYS })), 'no-ptrace');
  });
});
