import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import process from 'node:process';
import { it } from 'mocha';
import { describeOn } from '../support/machine.js';
import { projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

// It compiles its program itself, for which the other machine has nothing.
describeOn('x86_64', 'cli: demonstration', () => {
  it('shows a first stop, registers, instructions, a breakpoint and the exit', async () => {
    const script = resolve(projectRoot, 'dist/src/cli/demo.js');
    await using demo = await TestProcess.start('demo', [process.execPath, script, '--scripted']);
    await demo.output.match(/^First stop: thread \d+/m);
    await demo.output.match(/\brip 00007f[0-9a-f]{10}\b/);
    await demo.output.match(
      /^thread \d+, swbreak\ndeposit\(account 0x[0-9a-f]+, amount 1\)\n {2}0x[0-9a-f]+ {2}push rbp$/m,
    );
    await demo.output.match(/^12 deposited$/m);
    await demo.output.match(/^the program has exited with code 12$/m);
    assert.deepEqual(await demo.waitForExit(), { kind: 'exited', code: 0 });
  });
});
