/** Files that a shell has opened for the program, beside the server: the program gets them, as under GNU gdbserver. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { serverCommand } from '../support/debug-server.js';
import { TestProcess } from '../support/test-process.js';

const run = promisify(execFile);
/** What its descriptors from 3 on lead to. */
const program = ['/bin/sh', '-c', 'for fd in 3 4 5 6 7; do readlink /proc/$$/fd/$fd || echo none; done'];
/** Descriptor 4 is a file, 5 an end of a pipe, and 3 and 7 are not open. */
const opening = [
  ...['bash', '-c'],
  '{ { exec 3>&- 7>&- 4</etc/passwd 6>/dev/zero; exec "$@"; } 5>&1 >&8 8>&- | cat > /dev/null; } 8>&1',
  'bash',
];
const expected = ['none', '/etc/passwd', 'pipe:', '/dev/zero', 'none'];

function listed(text: string): readonly string[] {
  return text.match(/^(?:none|\/etc\/\w+|\/dev\/zero|pipe:)/gm) ?? [];
}

async function listedUnder(server: readonly string[]): Promise<readonly string[]> {
  const command = [...opening, ...server, '--once', 'localhost:0', ...program];
  await using running = await TestProcess.start('server', command);
  const [, port] = await running.output.match(/^Listening on port (\d+)/m, 15_000);
  await run('gdb', ['-nx', '-batch', '-ex', `target remote localhost:${port}`, '-ex', 'continue']);
  await running.waitForExit();
  await running.output.match(/^Child exited/m, 15_000);
  return listed(running.output.text);
}

describe('descriptors that a server was started with', () => {
  it('are the program’s, as under GNU gdbserver', async () => {
    assert.deepEqual(await listedUnder(['gdbserver']), expected);
    assert.deepEqual(await listedUnder(serverCommand), expected);
  });

  it('are not the program’s where they are meant for the server', async () => {
    const own = [...serverCommand, '--ready-fd=6'];
    assert.deepEqual(await listedUnder(own), ['none', '/etc/passwd', 'pipe:', 'none', 'none']);
  });

  for (const words of [['strace', '-o', '/dev/null'], ['watch', '-o', '/dev/null'], ['run']])
    it(`are the program’s under ${words[0]}`, async () => {
      const [shell = '', ...args] = [...opening, ...serverCommand, ...words, '--', ...program];
      const { stdout } = await run(shell, args, { encoding: 'latin1' });
      assert.deepEqual(listed(stdout), expected);
    });
});
