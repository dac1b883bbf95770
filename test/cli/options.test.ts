import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseCommandLine, type ServeOptions } from '../../src/cli/options.js';
import { packetList, usage } from '../../src/cli/usage.js';
import { UsageError } from '../../src/cli/usage-error.js';

function serve(...argv: string[]): ServeOptions {
  const command = parseCommandLine(argv);
  assert.equal(command.kind, 'serve');
  return (command as { options: ServeOptions }).options;
}

const program = (path: string, ...args: string[]) => ({ kind: 'program', program: path, args }) as const;

describe('cli: options', () => {
  it('has the defaults of gdbserver', () => {
    assert.deepEqual(serve(':1', '/bin/true'), {
      comm: ':1',
      target: program('/bin/true'),
      once: false,
      multi: false,
      wrapper: undefined,
      startWithShell: true,
      disableRandomization: true,
      disabledPackets: new Set(),
      debug: { components: new Set(), file: undefined, timestamp: false },
      json: false,
      explain: false,
      recordFile: undefined,
      portFile: undefined,
      readyFd: undefined,
      onDisconnect: undefined,
      onClientKill: undefined,
    });
  });

  const targets: readonly [string[], ServeOptions['target']][] = [
    [
      [':1', 'p', 'a b', '', '--once', '--', '-x', '--attach'],
      program('p', 'a b', '', '--once', '--', '-x', '--attach'),
    ],
    [[':1', 'p', '--wrapper', 'x'], program('p', '--wrapper', 'x')],
    [[':1', '--once'], program('--once')],
    [['-', 'p'], program('p')],
    [['--once', 'stdio', 'p', 'stdio'], program('p', 'stdio')],
    [['--multi', ':1', 'p', 'a'], program('p', 'a')],
    [['--multi', ':1'], { kind: 'none' }],
    [['--once', '--multi', '--once', ':1'], { kind: 'none' }],
    [['--attach', ':1', '42'], { kind: 'attach', pid: 42 }],
    [['--once', 'localhost:1', '--attach', '42'], { kind: 'attach', pid: 42 }],
    [['--attach', ':1', '--attach', '42'], { kind: 'attach', pid: 42 }],
    [['--multi', '--attach', ':1', '0x2a'], { kind: 'attach', pid: 42 }],
    [['--wrapper', 'env', 'A=1', '--', ':1', 'p', '--', 'q'], program('p', '--', 'q')],
  ];
  for (const [argv, target] of targets) {
    it(`finds the target of ${JSON.stringify(argv)}`, () => assert.deepEqual(serve(...argv).target, target));
  }

  it('takes the wrapper up to --, options of its own included', () => {
    const options = serve('--once', '--wrapper', 'env', '-i', '--chdir=/', 'A=1', '--', '--multi', ':1', 'p');
    assert.deepEqual(options.wrapper, ['env', '-i', '--chdir=/', 'A=1']);
    assert.ok(options.once && options.multi);
    assert.equal(options.comm, ':1');
  });

  it('takes the value of an option of its own behind = or as the next word', () => {
    const spelled = serve('--port-file=a', '--ready-fd=3', '--on-disconnect=stop', '--json', ':1', 'p');
    const spaced = serve(
      '--port-file',
      'a',
      '--ready-fd',
      '3',
      '--on-disconnect',
      'stop',
      '--json',
      ':1',
      'p',
    );
    assert.deepEqual(spaced, spelled);
    assert.equal(spaced.portFile, 'a');
    assert.equal(spaced.readyFd, 3);
    assert.equal(spaced.onDisconnect, 'stop');
    assert.equal(spaced.json, true);
    assert.equal(serve('--on-client-kill=detach', '--attach', ':1', '5').onClientKill, 'detach');
  });

  it('lets the last of two contrary options win', () => {
    assert.equal(serve('--no-startup-with-shell', ':1', 'p').startWithShell, false);
    assert.equal(serve('--no-startup-with-shell', '--startup-with-shell', ':1', 'p').startWithShell, true);
    assert.equal(serve('--no-disable-randomization', ':1', 'p').disableRandomization, false);
    assert.equal(
      serve('--no-disable-randomization', '--disable-randomization', ':1', 'p').disableRandomization,
      true,
    );
  });

  const debug: readonly [string[], readonly string[]][] = [
    [['--debug'], ['threads']],
    [['--debug=remote,threads'], ['remote', 'threads']],
    [['--debug=all'], ['threads', 'remote', 'event-loop']],
    [['--debug=all,-remote'], ['threads', 'event-loop']],
    [
      ['--remote-debug', '--event-loop-debug'],
      ['remote', 'event-loop'],
    ],
  ];
  for (const [argv, components] of debug) {
    it(`logs by ${argv.join(' ')}`, () =>
      assert.deepEqual(serve(...argv, ':1', 'p').debug.components, new Set(components)));
  }

  it('takes where and how to log', () => {
    assert.equal(serve('--debug-file=/tmp/x=y', ':1', 'p').debug.file, '/tmp/x=y');
    assert.equal(serve('--debug-format=timestamp', ':1', 'p').debug.timestamp, true);
    assert.equal(serve('--debug-format=all', '--debug-format=none', ':1', 'p').debug.timestamp, false);
  });

  it('collects the packets to be disabled', () => {
    const { disabledPackets } = serve(
      '--disable-packet=T,qfThreadInfo',
      '--disable-packet=threads',
      ':1',
      'p',
    );
    assert.deepEqual(disabledPackets, new Set(['T', 'qfThreadInfo', 'threads']));
  });

  const commands: readonly [string[], ReturnType<typeof parseCommandLine>][] = [
    [['--help'], { kind: 'help' }],
    [['--once', '--version', '--bogus'], { kind: 'version' }],
    [['--disable-packet'], { kind: 'list-packets' }],
    [['--disable-packet', ':1', 'p'], { kind: 'list-packets' }],
    [['--selftest'], { kind: 'selftest', filter: '' }],
    [['--selftest=codec'], { kind: 'selftest', filter: 'codec' }],
  ];
  for (const [argv, command] of commands) {
    it(`knows ${argv.join(' ')}`, () => assert.deepEqual(parseCommandLine(argv), command));
  }

  const mistakes: readonly [string[], RegExp][] = [
    [[], /COMM/],
    [['--multi'], /COMM/],
    [[':1'], /PROG/],
    [['--bogus', ':1', 'p'], /^Unknown argument: --bogus$/],
    [['--once=1', ':1', 'p'], /^Unknown argument: --once=1$/],
    [['--constructor', ':1', 'p'], /Unknown argument/],
    [['-x', ':1', 'p'], /^Unknown argument: -x$/],
    [['--', ':1', 'p'], /Unknown argument: --/],
    [['--wrapper', 'env', ':1', 'p'], /--wrapper needs --/],
    [['--wrapper', '--', ':1', 'p'], /--wrapper needs a command/],
    [['--wrapper=env', ':1', 'p'], /Unknown argument/],
    [['--attach', ':1'], /PID/],
    [['--attach', ':1', 'abc'], /Not a process id: abc/],
    [['--attach', ':1', '0'], /Not a process id/],
    [['--attach', ':1', '-5'], /Not a process id/],
    [['--attach', ':1', '12x'], /Not a process id/],
    [['--attach', ':1', '4294967297'], /Not a process id/],
    [['--attach', ':1', '5', '6'], /Nothing may follow/],
    [['--debug=nonsense', ':1', 'p'], /Unknown debug component: "nonsense"/],
    [['--debug-format=foo', ':1', 'p'], /Unknown debug-format argument: "foo"/],
    [['--debug-file', ':1', 'p'], /value is missing/],
    [['--disable-packet=foo', ':1', 'p'], /Don't know how to disable "foo"/],
  ];
  for (const [argv, message] of mistakes) {
    it(`refuses ${JSON.stringify(argv)}`, () => {
      assert.throws(
        () => parseCommandLine(argv),
        (error: unknown) => error instanceof UsageError && message.test(error.message),
      );
    });
  }

  it('describes every option in the usage', () => {
    for (const name of [
      'once',
      'multi',
      'attach',
      'wrapper',
      'debug',
      'debug-file',
      'debug-format',
      'selftest',
    ]) {
      assert.match(usage, new RegExp(`--${name}\\b`));
    }
    assert.match(packetList, /qfThreadInfo/);
  });
});
