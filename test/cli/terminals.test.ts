/** A server on a terminal, which it shares with its program, and a server on a serial line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { bounded } from '../support/bounded.js';
import { serverCommand } from '../support/debug-server.js';
import { connectRaw, RawClient } from '../support/raw-client.js';
import { TestProcess } from '../support/test-process.js';

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}

/** Opens a pseudo terminal, tells its name in one line, and passes bytes on between it and its own stdin and stdout. */
const lineRelay = `
import os, pty, select, tty
master, line = pty.openpty()
tty.setraw(line)
os.write(1, (os.ttyname(line) + '\\n').encode())
while True:
    for source in select.select([0, master], [], [])[0]:
        data = os.read(source, 4096)
        if not data: os._exit(0)
        os.write(master if source == 0 else 1, data)
`;

/**
 * Starts its arguments on a pseudo terminal, passes on what they print until they listen, takes the terminal away, and
 * tells in a line how they have ended: the exit status, or minus the number of the signal.
 */
const hangUp = `
import os, pty, sys
child, master = pty.fork()
if child == 0: os.execvp(sys.argv[1], sys.argv[1:])
text = b''
while b'Listening' not in text: text += os.read(master, 4096)
os.write(1, text)
os.close(master)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
`;

describe('cli: terminals', () => {
  it('lends its terminal to the program, which reads from it and gets its interrupts', async () => {
    const command = [
      ...serverCommand,
      '--once',
      'localhost:0',
      '/bin/sh',
      '-c',
      'read word; echo "read $word"; sleep 60',
    ];
    await using server = await TestProcess.start('server', ['script', '-qfec', quoted(command), '/dev/null']);
    const [, port] = await server.output.match(/^Listening on port (\d+)\r$/m);
    using connection = await connectRaw({ port: Number(port), host: '127.0.0.1' });
    const { client } = connection;
    assert.match(await client.request('?'), /^T05/);
    client.send('vCont;c');
    server.write('something\n');
    await server.output.match(/^read something\r$/m);
    server.write('\x03');
    assert.match(await client.next('the interrupt'), /^T02/);
    connection.socket.end();
    await server.waitForExit();
  });

  it('lends its terminal to each program that a client starts, and is interrupted itself between them', async () => {
    const command = [...serverCommand, '--once', '--multi', 'localhost:0'];
    await using server = await TestProcess.start('server', ['script', '-qfec', quoted(command), '/dev/null']);
    const [, port] = await server.output.match(/^Listening on port (\d+)\r$/m);
    using connection = await connectRaw({ port: Number(port), host: '127.0.0.1' });
    const { client } = connection;
    assert.equal(await client.request('!'), 'OK');
    for (const word of ['first', 'second']) {
      const words = ['/bin/sh', '-c', 'read word; echo "read $word"'].map(hexOfText).join(';');
      assert.match(await client.request(`vRun;${words}`), /^T05/);
      client.send('vCont;c');
      server.write(`${word}\n`);
      assert.match(await client.next('the end'), /^W00/);
      await server.output.match(new RegExp(`^read ${word}\\r$`, 'm'));
    }
    server.write('\x03');
    await server.waitForExit();
  });

  it('ends its program and itself, with a status, when its terminal goes away', async () => {
    const command = [...serverCommand, '--once', 'localhost:0', '/bin/sleep', '600'];
    await using runner = await TestProcess.start('server', ['python3', '-c', hangUp, ...command]);
    const [, pid] = await runner.output.match(/; pid = (\d+)\r$/m);
    const [, status] = await runner.output.match(/^(-?\d+)$/m);
    assert.equal(status, String(128 + constants.signals.SIGHUP));
    assert.equal(existsSync(`/proc/${pid}`), false);
  });

  it('serves a serial line', async () => {
    const relay = spawn('python3', ['-c', lineRelay], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [name] = await bounded(once(relay.stdout, 'data'), 10_000, () => 'the name of the line');
      const line = String(name).trim();
      await using server = await TestProcess.start('server', [...serverCommand, '--once', line, '/bin/true']);
      await server.output.match(new RegExp(`^Remote debugging using ${line}$`, 'm'));
      const client = new RawClient(relay.stdout, relay.stdin);
      assert.match(await client.request('?'), /^T05/);
      assert.match(await client.request('vCont;c'), /^W00/);
      relay.stdin.end();
      assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 0 });
    } finally {
      relay.kill('SIGKILL');
    }
  });

  it('says that a file is no serial line', async () => {
    await using server = await TestProcess.start('server', [...serverCommand, '/dev/null', '/bin/true']);
    await server.output.match(/^Could not open remote device \/dev\/null: .+\nExiting\n/);
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 1 });
  });
});
