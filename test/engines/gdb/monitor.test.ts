import assert from 'node:assert/strict';
import { hexOfText, textOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { debugTopics } from '../../../src/engines/gdb/debug-log.js';
import { findMonitorCommand, monitorCommands } from '../../../src/engines/gdb/packets/monitor.js';
import type { GdbServer } from '../../../src/engines/gdb/server.js';
import { breakpointKind } from '../../support/machine-registers.js';
import { newServer, withSession } from './traced-session.js';
import { scriptTokens, WireClient } from './wire-client.js';

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
      for (const command of ['', 'nonsense', 'set', 'set nothing 1', 'set debug', 'set debug-format']) {
        const { output, result } = await monitor(client, command);
        assert.equal(result, 'E01', command);
        assert.match(output, /^Unknown monitor command\.\n\nThe following monitor commands are supported:\n/);
      }
    }));

  it('tells why requests failed, the latest first, one of each kind', () =>
    withClient(async (client) => {
      assert.deepEqual(await monitor(client, 'why'), { output: 'Nothing has failed.\n', result: 'OK' });
      await client.request('!');
      await client.request('vAttach;7ffffff0');
      await client.request(`vRun;${hexOfText('/nonexistent/program')}`);
      await client.request('vAttach;7ffffff1');
      const { output } = await monitor(client, 'why');
      const expected = [
        'vAttach: Cannot attach to process 2147483633: No such process',
        'vRun: Cannot exec /nonexistent/program: No such file or directory. /nonexistent/program does not exist',
      ];
      assert.deepEqual(output.trimEnd().split('\n'), expected);
    }));

  it('shows how threads go past each breakpoint', () =>
    withSession('hot-threads', {}, async ({ client, symbol, pid }) => {
      const at = symbol('hot');
      await client.request(`Z0,${at},${breakpointKind}`);
      const { output, result } = await monitor(client, 'show breakpoint-steps');
      assert.equal(result, 'OK');
      assert.match(output, new RegExp(`^process ${pid}, 0x0*${at}: (in a slot|emulated)`));
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
      const rows = [
        ['event-loop on', "Debug output for 'event-loop' enabled.\n", ['event-loop']],
        ['all 1', "Debug output for 'all' enabled.\n", ['remote', 'threads', 'event-loop']],
        ['remote 0', "Debug output for 'remote' disabled.\n", ['threads', 'event-loop']],
        ['off', 'All debug output disabled.\n', []],
        ['on', 'General debug output enabled.\n', ['threads']],
      ] as const;
      for (const [args, output, topics] of rows) {
        assert.deepEqual(await monitor(client, `set debug ${args}`), { output, result: 'OK' });
        assert.deepEqual(debugTopics.filter((topic) => log.isOn(topic)).sort(), [...topics].sort(), args);
      }
    }));

  it('answers GDB 16 in its words', () =>
    withClient(async (client, { log }) => {
      await client.greet(`${scriptTokens};error-message+`);
      const general = { output: 'General debug output enabled.\n', result: 'OK' };
      assert.deepEqual(await monitor(client, 'set debug 1'), general);
      assert.equal(log.isOn('threads'), true);
      await monitor(client, 'set debug remote 1');
      const off = { output: 'All debug output disabled.\n', result: 'OK' };
      assert.deepEqual(await monitor(client, 'set debug 0'), off);
      assert.deepEqual(
        debugTopics.filter((topic) => log.isOn(topic)),
        [],
      );
    }));

  it('says what is wrong with the arguments', () =>
    withClient(async (client) => {
      const rows = [
        ['set debug 2', "Missing value for 'set debug 2' command."],
        ['set debug everything on', "Error: unknown debug option 'everything'"],
        ['set debug threads', "Missing value for 'set debug threads' command."],
        ['set debug threads 5', "Invalid value '5' for 'set debug threads'."],
        ['set debug all on off', "Junk 'off' found at end of 'set debug all on' command."],
        ['set debug 1 2', "Junk '2' found at end of 'set debug 1' command."],
        ['set remote-debug', 'set remote-debug takes 0 or 1.'],
      ] as const;
      for (const [command, mistake] of rows) {
        const { output, result } = await monitor(client, command);
        assert.equal(result, 'E01', command);
        assert.ok(output.startsWith(`${mistake}\nThe following monitor commands`), output);
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

  it('takes the path of libthread_db', () =>
    withClient(async (client) => {
      assert.deepEqual(await monitor(client, 'set libthread-db-search-path /lib:/usr/lib'), {
        output: "libthread-db-search-path set to `/lib:/usr/lib'\n",
        result: 'OK',
      });
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
