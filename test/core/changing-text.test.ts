/** Instructions at breakpoints that are not what they were, and text that has breakpoints in it and is read. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { address } from '../../src/base/ids.js';
import { describeOn } from '../support/machine.js';
import { continueAll, launchFixture } from './traced-program.js';

const text = address(0x2000_0000n);

async function launchReady(mode: string) {
  const program = await launchFixture('changing-text', [mode], { flags: ['-O1'], holdAt: ['breakpoint'] });
  const { attachment, engine } = program;
  attachment.insertBreakpoint(program.symbol('ready'));
  continueAll(attachment);
  await engine.next('breakpoint');
  return program;
}

describeOn('x86_64', 'text that changes under breakpoints', () => {
  it('behind the trap, by the program, is executed as it is', async () => {
    await using program = await launchReady('rewritten');
    const { attachment, engine } = program;
    attachment.insertBreakpoint(text);
    engine.holdAt = new Set();
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 20);
  });

  it('behind the trap, by a client, is executed as it is', async () => {
    await using program = await launchReady('client');
    const { attachment, engine } = program;
    attachment.insertBreakpoint(text);
    for (let hit = 0; hit < 2; hit++) {
      continueAll(attachment);
      await engine.next('breakpoint');
    }
    attachment.process.memory.write(address(text + 1n), Uint8Array.of(77));
    engine.holdAt = new Set();
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
  });

  it('under the trap, by the instruction itself, is what the program wrote', async () => {
    await using program = await launchReady('own-byte');
    const { attachment, engine } = program;
    attachment.insertBreakpoint(text);
    engine.holdAt = new Set();
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 2);
    assert.deepEqual(attachment.process.sites.describe(text), 'emulated: next');
  });

  it('is read as the program wrote it by an instruction at a breakpoint, whichever was set first', async () => {
    await using program = await launchReady('reader');
    const { attachment, engine } = program;
    const [at, read] = [program.symbol('at_reader'), program.symbol('at_read')];
    attachment.insertBreakpoint(at);
    for (const event of ['ready', 'at']) {
      continueAll(attachment);
      assert.equal(
        (await engine.next('breakpoint')).address,
        program.symbol(event === 'at' ? 'ready' : 'at_reader'),
      );
    }
    assert.match(attachment.process.sites.describe(at) ?? '', /^in a slot at/);
    attachment.insertBreakpoint(read);
    assert.match(attachment.process.sites.describe(at) ?? '', /its operand holds a breakpoint/);
    engine.holdAt = new Set();
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 3 + 3 + 2);
  });
});
