/** What tracing costs, counted in the tracer's system calls, which do not depend on how busy the machine is. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { compileFixture } from '../../support/fixture.js';
import { commandScript } from '../../support/project-paths.js';

const run = promisify(execFile);
const counted = 'ptrace,wait4,waitid,process_vm_readv,pread64';

/** Of a run in which the program makes so many calls of getpid and, among them, 100 of openat. */
async function callsOf(selection: string, getpids: number): Promise<number> {
  const program = await compileFixture('traced-calls');
  const folder = await mkdtemp(join(tmpdir(), 'outstep-cost-'));
  try {
    const [summary, trace] = [join(folder, 'summary'), join(folder, 'trace')];
    const own = [process.execPath, commandScript, 'strace', '-e', `trace=${selection}`, '-o', trace];
    const words = [
      '-c',
      '-e',
      `trace=${counted}`,
      '-o',
      summary,
      ...own,
      program,
      'many',
      `${getpids}`,
      '100',
    ];
    await run('strace', words);
    const shown = (await readFile(trace, 'latin1'))
      .split('\n')
      .filter((line) => line.includes('/nowhere')).length;
    assert.equal(shown, selection === 'getpid' ? 0 : 100);
    const total = (await readFile(summary, 'latin1')).split('\n').find((line) => line.endsWith(' total'));
    return Number(total?.trim().split(/\s+/)[3]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function costOf(selection: string, more: number): Promise<number> {
  const [few, many] = [1000, 1000 + more];
  return ((await callsOf(selection, many)) - (await callsOf(selection, few))) / more;
}

describe('syscalls engine: costs', () => {
  it('nothing for calls that are not asked for, in programs that are started', async () => {
    const cost = await costOf('openat', 200_000);
    assert.ok(cost < 0.002, `${cost} system calls`);
  });

  it('nothing for calls that are left out, in programs that are started', async () => {
    const cost = await costOf('!getpid', 200_000);
    assert.ok(cost < 0.002, `${cost} system calls`);
  });

  it('six system calls for one that is shown: two waits, two resumes, two looks at the registers', async () => {
    const cost = await costOf('all', 20_000);
    assert.ok(cost > 5.9 && cost < 6.5, `${cost} system calls`);
  });

  it('one more where a filter leads to it, which must be told from others', async () => {
    const cost = await costOf('getpid', 20_000);
    assert.ok(cost > 5.9 && cost < 7.5, `${cost} system calls`);
  });
});
