import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type LimitedRun, runLimited } from './limited-run.js';

describe('conformance: a limited run', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'limited-run-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function runShell(
    script: string,
    limitSeconds: number,
    stop = new AbortController().signal,
  ): Promise<LimitedRun> {
    return runLimited(['bash', '-c', script], folder, limitSeconds, stop);
  }

  /** The pid that a script wrote down for a process of its own. */
  function assertGone(): void {
    const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
    assert.match(pid, /^\d+$/);
    assert.equal(existsSync(`/proc/${pid}`), false, `process ${pid} is still there`);
  }

  it('tells of a program that stays behind in a session of its own, and ends it', async () => {
    const { outcome, leaked } = await runShell('setsid tail -f /dev/null & echo $! > pid', 30);
    assert.deepEqual([outcome, leaked], ['ended', ['tail']]);
    assertGone();
  });

  it('ends at its limit', async () => {
    const { outcome, seconds } = await runShell('echo $$ > pid; exec tail -f /dev/null', 0.2);
    assert.equal(outcome, 'time limit');
    assert.ok(seconds < 20, `${seconds} s`);
    assertGone();
  });

  it('ends when it is stopped', async () => {
    const stopping = new AbortController();
    const run = runShell('echo $$ > pid; exec tail -f /dev/null', 60, stopping.signal);
    stopping.abort();
    assert.equal((await run).outcome, 'stopped');
  });
});
