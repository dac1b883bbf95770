/** Programs whose kernel looks at the address of a system call: it is made where it stands. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { TestProcess } from '../support/test-process.js';
import { continueAll, launchFixture } from './traced-program.js';

describe('a breakpoint on a system call', () => {
  it('is passed where the call stands when calls from elsewhere are sent back to the program', async function () {
    await using alone = await TestProcess.start('alone', [await compileFixture('user-dispatch'), '1']);
    const exit = await alone.waitForExit();
    // Not every kernel does so: that of the aarch64 guest refuses.
    if (exit.kind === 'exited' && exit.code === 2) this.skip();
    const rounds = 20;
    await using program = await launchFixture('user-dispatch', [`${rounds}`]);
    const { attachment, engine } = program;
    attachment.insertBreakpoint(program.symbol('call_site'));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), rounds);
  });
});
