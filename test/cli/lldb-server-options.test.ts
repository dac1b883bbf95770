import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type LldbServerOptions, parseLldbServer } from '../../src/cli/commands/lldb-server/options.js';
import { UsageError } from '../../src/cli/usage-error.js';

function parsed(...words: string[]): LldbServerOptions {
  const command = parseLldbServer(words);
  assert.ok(typeof command === 'object');
  return command;
}

describe('cli: the command line of lldb-server', () => {
  it('has a program behind the address, with or without --', () => {
    for (const words of [
      ['localhost:1', '--', 'p', '--attach', '-x'],
      ['localhost:1', 'p', 'a'],
    ]) {
      const { serve } = parsed('gdbserver', ...words);
      assert.equal(serve.target.kind, 'program');
      assert.deepEqual([serve.once, serve.multi, serve.startWithShell], [true, false, false]);
    }
    const { serve } = parsed('g', 'localhost:1', '--', 'p', '--attach', '-x');
    assert.deepEqual(serve.target, { kind: 'program', program: 'p', args: ['--attach', '-x'] });
  });

  it('has none where the client is to say what runs', () => {
    const { serve } = parsed('gdbserver', '*:1234', '--setsid', '--native-regs');
    assert.deepEqual(serve.target, { kind: 'none' });
    assert.equal(serve.multi, true);
    assert.deepEqual(serve.comm, {
      kind: 'tcp',
      text: '0.0.0.0:1234',
      host: '0.0.0.0',
      port: 1234,
      family: 4,
    });
  });

  it('has addresses in several forms, sockets and clients that wait', () => {
    const commOf = (...words: string[]): unknown => parsed('gdbserver', ...words).serve.comm;
    assert.deepEqual(commOf('--fd', '5'), { kind: 'descriptor', fd: 5 });
    assert.deepEqual(commOf('--fd=5', '--', 'p'), { kind: 'descriptor', fd: 5 });
    assert.deepEqual(commOf('unix-accept:///tmp/s'), { kind: 'unix', path: '/tmp/s' });
    assert.deepEqual(commOf('--reverse-connect', 'connect://127.0.0.1:9'), {
      kind: 'outgoing',
      host: '127.0.0.1',
      port: 9,
    });
  });

  it('says where the port is to be told', () => {
    assert.deepEqual(parsed('gdbserver', ':0', '--pipe', '4', '--named-pipe', '/p').portReceivers, {
      pipe: 4,
      namedPipe: '/p',
      files: [],
    });
    const { serve, portReceivers } = parsed(
      'platform',
      '--server',
      '--listen',
      'localhost:0',
      '--port-file',
      '/f',
    );
    assert.deepEqual(portReceivers.files, ['/f']);
    assert.deepEqual([serve.once, serve.multi], [false, true]);
    assert.equal(parsed('platform', '--listen', ':0', '--min-gdbserver-port', '9').serve.once, true);
  });

  it('takes processes by id', () => {
    assert.deepEqual(parsed('gdbserver', '--attach', '77', ':1').serve.target, { kind: 'attach', pid: 77 });
  });

  it('knows the channels of the packets', () => {
    const { debug } = parsed(
      'gdbserver',
      ':1',
      '--log-channels',
      'gdb-remote packets:lldb all',
      '--log-file=/l',
    ).serve;
    assert.deepEqual([...debug.components].sort(), ['event-loop', 'remote', 'threads']);
    assert.equal(debug.file, '/l');
  });

  const mistakes: readonly (readonly string[])[] = [
    [],
    ['server'],
    ['gdbserver'],
    ['gdbserver', ':1', '--unknown'],
    ['gdbserver', ':1', '--fd', 'x'],
    ['gdbserver', ':1', '--attach', '7', '--', 'p'],
    ['gdbserver', '/dev/ttyS0'],
    ['platform'],
    ['platform', '--listen', ':1', 'more'],
  ];
  for (const words of mistakes)
    it(`refuses: ${words.join(' ')}`, () => {
      assert.throws(() => parseLldbServer(words), UsageError);
    });

  it('has a version and a usage', () => {
    assert.equal(parseLldbServer(['v']), 'version');
    assert.equal(parseLldbServer(['gdbserver', '--help']), 'help');
  });
});
