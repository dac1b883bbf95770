/** gdb on a program that an idle engine has as well: it sees what it sees without. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'mocha';
import { skipOnGnuServer } from '../support/debug-server.js';
import { debugFixture } from '../support/debug-session.js';
import { projectRoot } from '../support/project-paths.js';

const idleEngine = resolve(projectRoot, 'dist/test/support/idle-engine.js');

/** What a session shows, without what differs from run to run. */
async function session(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const shown: string[] = [];
  await debugFixture('stepping', { env }, async ({ gdb }) => {
    const show = async (command: string): Promise<void> => {
      shown.push(await gdb.execute(command));
    };
    const run = async (command: string): Promise<void> => {
      const { reason, function: where } = await gdb.run(command);
      shown.push(`${command}: ${reason} ${where}`);
    };
    await show('break factorial if n == 3');
    await show('catch syscall exit_group');
    await run('continue');
    await show('backtrace');
    await show('watch total');
    for (const command of ['stepi', 'next', 'finish', 'continue', 'next', 'continue', 'continue'])
      await run(command);
    await show('info breakpoints');
  });
  return shown.map((text) => text.replace(/0x[0-9a-f]+/g, 'ID'));
}

describe('gdb: beside an engine that wants nothing', () => {
  it('sees what it sees without', async function () {
    skipOnGnuServer(this, 'it has no engines');
    const alone = await session({});
    const beside = await session({ NODE_OPTIONS: `--import ${idleEngine}` });
    assert.deepEqual(beside, alone);
    assert.ok(alone.some((text) => text === 'continue: breakpoint-hit factorial'));
  });
});
