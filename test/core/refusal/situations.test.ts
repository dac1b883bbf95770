/** Real refusals: each is brought about, and the server says why. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { constants, machine } from 'node:os';
import process from 'node:process';
import { describe, it } from 'mocha';
import { compileFixture } from '../../support/fixture.js';
import { itOn } from '../../support/machine.js';
import { eventually, processState, threadsOf } from '../../support/proc-files.js';
import { commandScript } from '../../support/project-paths.js';
import { TestProcess } from '../../support/test-process.js';

const server = [process.execPath, commandScript];
/** Some user who is not root and owns nothing. The checkout may lie where only root can look. */
const somebody = [
  ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
  ...['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search'],
];

/** What the server says until it has given up. */
async function refusalOf(command: readonly string[]): Promise<string> {
  await using refused = await TestProcess.start('refused', command);
  refused.endInput();
  assert.deepEqual(await refused.waitForExit(60_000), { kind: 'exited', code: 1 }, refused.output.text);
  await refused[Symbol.asyncDispose]();
  assert.match(refused.output.text, /\nExiting\n$/);
  return refused.output.text;
}

function refusalToAttach(pid: number, as: readonly string[] = []): Promise<string> {
  return refusalOf([...as, ...server, '--attach', 'localhost:0', String(pid)]);
}

async function sleeper(as: readonly string[] = []): Promise<TestProcess> {
  return TestProcess.start('sleeper', [...as, 'sleep', '600']);
}

function needsRoot(test: Mocha.Context): void {
  if (process.getuid?.() !== 0) test.skip();
}

function notPermitted(pid: number, name: string, reason: string): RegExp {
  return new RegExp(
    `^Cannot attach to process ${pid} \\(${name}\\): Operation not permitted: ${reason}\n`,
    'm',
  );
}

describe('core: why tracing is refused', () => {
  it('names the tracer that has it already, and how to end that', async () => {
    await using target = await sleeper();
    await using strace = await TestProcess.start('strace', ['strace', '-p', String(target.pid)]);
    await strace.output.match(/attached/, 15_000);
    assert.match(
      await refusalToAttach(target.pid),
      notPermitted(
        target.pid,
        'sleep',
        `already traced by ${strace.pid} \\(strace\\)\nFix: kill ${strace.pid}`,
      ),
    );
  });

  it('knows a process of another user', async function () {
    needsRoot(this);
    await using target = await sleeper();
    const said = await refusalToAttach(target.pid, somebody);
    assert.match(
      said,
      notPermitted(target.pid, 'sleep', 'it belongs to user 0, and this server to user 65534\nFix: .+'),
    );
  });

  it('knows a process that is not dumpable', async function () {
    needsRoot(this);
    const program = await compileFixture('not-dumpable');
    await using target = await TestProcess.start('target', [...somebody, program]);
    await target.output.match(/^not dumpable$/m, 15_000);
    const said = await refusalToAttach(target.pid, somebody);
    assert.match(said, notPermitted(target.pid, 'not-dumpable', 'it is not dumpable: .+\nFix: .+'));
  });

  it('attaches to a process of the same user, who is not root', async function () {
    needsRoot(this);
    await using target = await sleeper(somebody);
    const command = [...somebody, ...server, '--once', '--attach', 'localhost:0', String(target.pid)];
    await using attached = await TestProcess.start('server', command);
    await attached.output.match(new RegExp(`^Attached; pid = ${target.pid}$`, 'm'), 15_000);
  });

  it('knows a process with capabilities that it lacks', async function () {
    needsRoot(this);
    await using target = await sleeper();
    const without = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'];
    const said = await refusalToAttach(target.pid, without);
    assert.match(
      said,
      notPermitted(target.pid, 'sleep', 'it has capabilities that this server lacks, .+\nFix: .+'),
    );
  });

  it('knows a process of another user namespace', async function () {
    needsRoot(this);
    await using target = await sleeper();
    const said = await refusalToAttach(target.pid, ['unshare', '--user', '--map-root-user']);
    assert.match(said, notPermitted(target.pid, 'sleep', 'it is in another user namespace, .+\nFix: .+'));
  });

  it('says that ids are those of its PID namespace', async function () {
    needsRoot(this);
    await using target = await sleeper();
    const said = await refusalToAttach(target.pid, ['unshare', '--pid', '--fork', '--mount-proc']);
    const expected = `Cannot attach to process ${target.pid}: No such process\nprocess ids are those of this PID namespace`;
    assert.ok(said.startsWith(expected), said);
  });

  it('knows a process that /proc hides', async function () {
    needsRoot(this);
    // In a PID namespace of its own, so that nobody else's /proc changes.
    const script = 'mount -o remount,hidepid=2 /proc; sleep 600 & exec "$@" $!';
    const hidden = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh'];
    const said = await refusalOf([...hidden, ...somebody, ...server, '--attach', 'localhost:0']);
    assert.match(said, /^Cannot attach to process \d+: No such process\nit exists, but .*hidepid/);
  });

  // The first PID namespace has it.
  if (commandOf(2) === 'kthreadd')
    it('knows threads of the kernel', async () => {
      assert.match(await refusalToAttach(2), notPermitted(2, 'kthreadd', 'it is a thread of the kernel, .+'));
    });

  it('knows zombies, and processes whose first thread is one', async () => {
    const script = 'exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 600';
    await using parent = await TestProcess.start('parent', ['sh', '-c', script]);
    const [, zombie] = await parent.output.match(/^(\d+)$/m, 15_000);
    // A shell would wait for its child.
    await eventually('no shell is left', () => commandOf(parent.pid) === 'sleep');
    parent.endInput();
    await eventually('it is a zombie', () => processState(Number(zombie)) === 'Z');
    const said = await refusalToAttach(Number(zombie));
    assert.match(said, notPermitted(Number(zombie), '\\w+', 'it has ended already \\(it is a zombie\\) .+'));

    const program = await compileFixture('ended-leader');
    await using target = await TestProcess.start('target', [program]);
    await target.output.match(/^the leader has ended$/m, 15_000);
    assert.match(
      await refusalToAttach(target.pid),
      notPermitted(target.pid, 'ended-leader', 'its main thread has ended already .+'),
    );
  });

  it('knows its own threads, and those of other processes', async () => {
    const other = threadsOf(process.pid).find((id) => id !== process.pid);
    assert.ok(other);
    const said = await refusalToAttach(other);
    assert.match(
      said,
      notPermitted(other, '.+', `it is a thread of process ${process.pid}\nFix: attach to ${process.pid}`),
    );
    const itself = `exec ${process.execPath} ${commandScript} --attach localhost:0 $$`;
    assert.match(
      await refusalOf(['sh', '-c', itself]),
      /Operation not permitted: it is this server itself\n/,
    );
  });

  for (const name of ['EPERM', 'ENOSYS'] as const)
    it(`knows a filter by which ptrace fails with ${name}`, async () => {
      const filter = [await compileFixture('forbidden-ptrace'), String(constants.errno[name])];
      await using target = await sleeper();
      const reason = 'a seccomp filter forbids this server the system call ptrace\nFix: ';
      assert.match(await refusalToAttach(target.pid, filter), new RegExp(reason));
      const launched = await refusalOf([...filter, ...server, 'localhost:0', '/bin/true']);
      assert.match(launched, new RegExp(`^Cannot trace /bin/true: .+\n${reason}`));
    });

  it('knows a tracer of its own that takes its children', async () => {
    const strace = ['strace', '-f', '-o', '/dev/null'];
    const said = await refusalOf([...strace, ...server, 'localhost:0', '/bin/true']);
    assert.match(
      said,
      /^Cannot trace \/bin\/true: .+\nthis server is traced itself, by \d+ \(strace\), .+\nFix: kill \d+\n/m,
    );
  });

  // The other machine of the tests is emulated itself: node in an emulator in it starts in minutes.
  itOn('x86_64', 'knows emulation', async () => {
    const emulator = `qemu-${machine()}`;
    const said = await refusalOf([emulator, process.execPath, commandScript, 'localhost:0', '/bin/true']);
    assert.match(
      said,
      new RegExp(`^Cannot trace /bin/true: .+\nthis processor is emulated \\(${emulator}\\), `),
    );
  });
});

function commandOf(pid: number): string | undefined {
  return existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd() : undefined;
}
