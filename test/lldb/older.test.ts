/** Older lldb versions: what every session begins with. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { runLldb } from '../support/lldb.js';
import { LldbServer } from '../support/lldb-server.js';
import { projectRoot } from '../support/project-paths.js';

const run = promisify(execFile);

for (const version of ['14', '16']) {
  describe(`lldb ${version}`, () => {
    it('connects, stops, steps, evaluates and sees the end', async () => {
      const { stdout } = await run('bash', [resolve(projectRoot, 'test/lldb/older-lldb.sh'), version]);
      const path = await compileFixture('sample');
      await using server = await LldbServer.startProgram(path);
      const outputs = await runLldb(
        [
          `file ${path}`,
          server.connect,
          'breakpoint set --name deposit',
          'continue',
          'thread backtrace',
          'thread step-over',
          'thread step-inst',
          'thread list',
          'expression deposit(&accounts[0], 3)',
          'breakpoint delete 1',
          'continue',
        ],
        { command: [stdout.trim()] },
      );
      assert.match(outputs[1] ?? '', /stop reason = signal SIGSTOP/);
      assert.match(outputs[3] ?? '', /stop reason = breakpoint 1\.1/);
      assert.match(outputs[4] ?? '', /deposit[\s\S]*work/);
      assert.match(outputs[5] ?? '', /stop reason = step over/);
      assert.match(outputs[6] ?? '', /stop reason = instruction step into/);
      assert.match(outputs[7] ?? '', /name = 'sample'/);
      assert.match(outputs[8] ?? '', /\(long\) \$0 = \d+/);
      assert.match(outputs[10] ?? '', /exited with status = 12/);
    });
  });
}
