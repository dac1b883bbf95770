/** Threads that are blocked in a system call in a slot, for as long as it takes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { thisModule } from '../support/machine-registers.js';
import { eventually, mappingsOf, threadsOf } from '../support/proc-files.js';
import { continueAll, launchFixture } from './traced-program.js';

const callBytes = BigInt(thisModule.syscall.instruction.length);

/** Where a thread is blocked, as the kernel says; undefined: it runs. */
function blockedAt(pid: number, tid: string): bigint | undefined {
  const fields = readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'latin1').trim().split(' ');
  return fields.length > 2 ? BigInt(fields.at(-1) ?? 0) : undefined;
}

async function launchBlocked(threads: number, workingDirectory?: string) {
  const program = await launchFixture('blocked-threads', [String(threads)], {
    flags: ['-O1'],
    holdAt: ['signal'],
    ...(workingDirectory === undefined ? {} : { launch: { workingDirectory } }),
  });
  const { attachment, engine } = program;
  const { pid } = attachment.process;
  const read = program.symbol('at_read');
  attachment.insertBreakpoint(read);
  continueAll(attachment);
  await eventually('every thread has come by', () => engine.count('breakpoint') === threads);
  const tids = (): string[] => readdirSync(`/proc/${pid}/task`).filter((tid) => tid !== String(pid));
  const isInSlot = (tid: string): boolean => {
    const at = blockedAt(pid, tid);
    return at !== undefined && attachment.process.addressSpace.slots.contains(at);
  };
  await eventually('every thread is blocked in a slot', () => tids().every(isInSlot));
  return { program, pid, read };
}

describe('threads blocked in a slot', () => {
  it('by the hundred show the original pc when they are stopped, and go on without another hit', async () => {
    const { program, pid, read } = await launchBlocked(300);
    await using _ = program;
    const { attachment, engine } = program;
    for (let round = 0; round < 3; round++) {
      await attachment.quiesce();
      const others = [...attachment.process.threads.values()].filter(({ tid }) => Number(tid) !== pid);
      assert.deepEqual(
        others.map(({ tid }) => tid).toSorted(),
        threadsOf(pid)
          .filter((tid) => tid !== pid)
          .toSorted(),
      );
      assert.equal(others.length, 300);
      for (const thread of others)
        assert.ok([read, read + callBytes].includes(thread.pc), thread.pc.toString(16));
      continueAll(attachment);
    }
    process.kill(pid, 'SIGUSR1');
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 300);
  });

  it('are let go as they were, and the memory with them', async () => {
    const { program, pid, read } = await launchBlocked(50);
    await using _ = program;
    const original = program.attachment.process.memory.readExact(read, 2);
    const executable = (): number =>
      mappingsOf(pid).filter(({ permissions, path }) => permissions.includes('x') && path === '').length;
    assert.equal(executable(), 1);
    await program.attachment.detach();
    assert.deepEqual(memoryOf(pid, read, 2), original);
    assert.equal(executable(), 0);
    // Nobody is told how it ends: it would not if a thread were lost.
    process.kill(pid, 'SIGUSR1');
    await eventually('it has ended', () => !existsSync(`/proc/${pid}`) || isDead(pid));
  });

  it('show the original pc in a core dump, and in its back traces', async function () {
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'latin1').trim();
    if (pattern !== 'core') this.skip();
    const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
    const { program, pid } = await launchBlocked(8, folder);
    await using _ = program;
    const { attachment, engine } = program;
    process.kill(pid, 'SIGABRT');
    const { thread } = await engine.next('signal');
    attachment.resume([{ thread, action: { kind: 'continue' } }]);
    assert.deepEqual((await engine.next('exit')).status, {
      kind: 'killed',
      signal: 6,
      hasDumpedCore: true,
    });
    const [core] = readdirSync(folder).filter((name) => name.startsWith('core'));
    if (core === undefined) this.skip();
    const args = ['-nx', '-batch', '-ex', 'thread apply all -q backtrace', program.path, core];
    const traces = execFileSync('gdb', args, { cwd: folder, encoding: 'latin1', stdio: 'pipe' });
    rmSync(folder, { recursive: true });
    assert.equal([...traces.matchAll(/^#0 .*\b(at|behind)_read\b|^#0 .*read_byte/gm)].length, 8, traces);
    assert.equal([...traces.matchAll(/start_thread/g)].length, 8, traces);
  });
});

function memoryOf(pid: number, at: bigint, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  readSync(memory, bytes, 0, lengthBytes, at);
  closeSync(memory);
  return bytes;
}

function isDead(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}
