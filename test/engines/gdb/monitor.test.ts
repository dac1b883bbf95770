import assert from 'node:assert/strict';
import { hexOfText, textOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { findMonitorCommand, monitorCommands } from '../../../src/engines/gdb/packets/monitor.js';
import type { GdbServer } from '../../../src/engines/gdb/server.js';
import { newServer, withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

interface Answer {
  /** Everything that came as console output. */
  readonly output: string;
  /** `OK` or an error. */
  readonly result: string;
}

async function monitor(client: WireClient, command: string): Promise<Answer> {
  let output = '';
  client.send(`qRcmd,${hexOfText(command)}`);
  for (;;) {
    const reply = await client.reply();
    if (reply === 'OK' || !reply.startsWith('O')) return { output, result: reply };
    output += textOfHex(reply.slice(1));
  }
}

async function withClient(test: (client: WireClient, server: GdbServer) => Promise<void>): Promise<void> {
  const { server } = newServer({ multi: true });
  try {
    const client = new WireClient(server);
    await client.greet();
    await test(client, server);
  } finally {
    server.dispose();
  }
}

describe('qRcmd', () => {
  it('lists every command', () =>
    withClient(async (client) => {
      const { output, result } = await monitor(client, 'help');
      assert.equal(result, 'OK');
      assert.match(output, /^The following monitor commands are supported:\n/);
      for (const { name } of monitorCommands) assert.ok(output.includes(`\n  ${name}`), name);
    }));

  it('shows the list for what it does not know', () =>
    withClient(async (client) => {
      for (const command of ['', 'nonsense', 'set', 'set nothing 1']) {
        const { output, result } = await monitor(client, command);
        assert.equal(result, 'E01', command);
        assert.match(output, /^Unknown monitor command\.\n\nThe following monitor commands are supported:\n/);
      }
    }));

  it('switches topics of the log', () =>
    withClient(async (client, { log }) => {
      const rows = [
        ['set debug', 'threads', 'Debug output'],
        ['set debug-hw-points', 'hw-points', 'H/W point debugging output'],
        ['set remote-debug', 'remote', 'Protocol debug output'],
        ['set event-loop-debug', 'event-loop', 'Event loop debug output'],
      ] as const;
      for (const [command, topic, title] of rows) {
        assert.deepEqual(await monitor(client, `${command} 1`), {
          output: `${title} enabled.\n`,
          result: 'OK',
        });
        assert.equal(log.isOn(topic), true, topic);
        assert.deepEqual(await monitor(client, `${command} 0`), {
          output: `${title} disabled.\n`,
          result: 'OK',
        });
        assert.equal(log.isOn(topic), false, topic);
      }
    }));

  it('switches topics by name, and all of them', () =>
    withClient(async (client, { log }) => {
      assert.equal((await monitor(client, 'set debug event-loop on')).result, 'OK');
      assert.deepEqual([log.isOn('event-loop'), log.isOn('remote')], [true, false]);
      assert.equal((await monitor(client, 'set debug all on')).result, 'OK');
      assert.deepEqual([log.isOn('threads'), log.isOn('remote')], [true, true]);
      assert.equal((await monitor(client, 'set debug all off')).result, 'OK');
      assert.equal(log.isOn('event-loop'), false);
    }));

  it('says what is wrong with the arguments', () =>
    withClient(async (client) => {
      for (const command of [
        'set debug',
        'set debug 2',
        'set debug nothing on',
        'set debug all on off',
        'set remote-debug',
      ]) {
        const { output, result } = await monitor(client, command);
        assert.equal(result, 'E01', command);
        assert.doesNotMatch(output, /^Unknown/, command);
        assert.match(output, /\nThe following monitor commands/);
      }
    }));

  it('puts the time into the log', () =>
    withClient(async (client, { log }) => {
      const { output } = await monitor(client, 'set debug-format all');
      assert.equal(output, 'All extra debug format options enabled.\n');
      assert.equal(log.timestamps, true);
      assert.equal(
        (await monitor(client, 'set debug-format none')).output,
        'All extra debug format options disabled.\n',
      );
      assert.equal(log.timestamps, false);
      const twice = await monitor(client, 'set debug-format none,timestamp');
      assert.match(twice.output, /disabled\.\nTimestamps will be added to debug output\.\n$/);
      assert.equal(log.timestamps, true);
      const wrong = await monitor(client, 'set debug-format timestamp,colour');
      assert.equal(wrong.result, 'E01');
      assert.match(wrong.output, /^Unknown debug-format argument: "colour"\n/);
    }));

  it('takes the path of libthread_db and says that it is not needed', () =>
    withClient(async (client) => {
      const { output, result } = await monitor(client, 'set libthread-db-search-path /lib:/usr/lib');
      assert.equal(result, 'OK');
      assert.match(output, /not used/);
    }));

  it('ends the server, and what it had started', () =>
    withSession('stepping', {}, async ({ client, server, lines, pid }) => {
      assert.deepEqual(await monitor(client, 'exit'), { output: '', result: 'OK' });
      assert.equal(await server.finished, 0);
      assert.equal(client.isClosed, true);
      assert.ok(lines.includes(`Killing process(es): ${pid}`));
    }));

  it('does not take a malformed command for one', () =>
    withClient(async (client) => {
      for (const broken of ['qRcmd', 'qRcmd,6', 'qRcmd,zz', 'qRcmd:6865']) {
        assert.equal(await client.request(broken), 'E16', broken);
      }
    }));
});

describe('monitor commands', () => {
  it('are found by their longest name, whatever the blanks', () => {
    assert.equal(findMonitorCommand('  set   debug 1 ')?.command.name, 'set debug');
    assert.deepEqual(findMonitorCommand('set debug remote on')?.args, ['remote', 'on']);
    assert.equal(findMonitorCommand('set debug-format all')?.command.name, 'set debug-format');
    assert.equal(findMonitorCommand('helpme'), undefined);
  });
});
