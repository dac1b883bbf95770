import assert from 'node:assert/strict';
import { hexOf, hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { type Instruction, printing, program } from '../../support/agent-program.js';
import { breakpointKind, firstArgument } from '../../support/machine-registers.js';
import { eventually } from '../../support/proc-files.js';
import { stopKeys, type TracedSession, withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

/** rdi by number of the `p` packet: the argument of `hot`. */
const argument: Instruction = ['reg', firstArgument.number];

function listed(...programs: readonly Uint8Array[]): string {
  return programs.map((bytes) => `X${bytes.length.toString(16)},${hexOf(bytes)}`).join('');
}

function argumentIs(value: number): Uint8Array {
  return program(argument, ['const32', value], 'equal');
}

const says = printing('n=%ld\\n', argument);

describe('gdb session: conditions and commands', () => {
  it('announces them', () =>
    withSession('hot-threads', {}, async ({ server }) => {
      const features = await new WireClient(server).greet();
      assert.match(features, /ConditionalBreakpoints\+/);
      assert.match(features, /BreakpointCommands\+/);
    }));

  for (const [type, kind] of [
    ['Z0', 'swbreak'],
    ['Z1', 'hwbreak'],
  ] as const) {
    it(`${type} stops when one of its conditions is true`, () =>
      withSession('hot-threads', { args: ['1', '20'] }, async ({ client, symbol, register }) => {
        await client.request('?');
        const at = symbol('hot');
        assert.equal(
          await client.request(`${type},${at},${breakpointKind};${listed(argumentIs(7), argumentIs(12))}`),
          'OK',
        );
        for (const expected of [7n, 12n]) {
          assert.ok(stopKeys(await client.request('vCont;c')).has(kind));
          assert.equal(await register(firstArgument), expected);
        }
        assert.match(await client.request('vCont;c'), /^W0/);
      }));

    it(`${type} once more replaces conditions and commands`, () =>
      withSession('hot-threads', { args: ['1', '20'] }, async ({ client, symbol, register }) => {
        await client.request('?');
        const at = symbol('hot');
        const commands = `;cmds:0,${listed(says)}`;
        assert.equal(
          await client.request(`${type},${at},${breakpointKind};${listed(argumentIs(3))}${commands}`),
          'OK',
        );
        assert.equal(await client.request(`${type},${at},${breakpointKind};${listed(argumentIs(9))}`), 'OK');
        assert.ok(stopKeys(await client.request('vCont;c')).has(kind));
        assert.equal(await register(firstArgument), 9n);
        assert.equal(await client.request(`${type},${at},${breakpointKind}`), 'OK');
        assert.ok(stopKeys(await client.request('vCont;c')).has(kind));
        assert.equal(await register(firstArgument), 10n);
      }));

    it(`${type} with commands prints as O packets and does not stop`, () =>
      withSession('hot-threads', { args: ['1', '3'] }, async ({ client, symbol }) => {
        await client.request('?');
        assert.equal(
          await client.request(`${type},${symbol('hot')},${breakpointKind};cmds:1,${listed(says)}`),
          'OK',
        );
        client.send('vCont;c');
        for (const n of [0, 1, 2]) assert.equal(await client.reply(), `O${hexOfText(`n=${n}\n`)}`);
        assert.match(await client.reply(), /^W0/);
      }));
  }

  it('malformed programs cost an error reply and nothing else', () =>
    withSession('hot-threads', { args: ['1', '3'] }, async ({ client, symbol }) => {
      await client.request('?');
      const at = symbol('hot');
      for (const rest of [
        ';',
        ';X',
        ';X2,22',
        ';X1,2227',
        ';X1,zz',
        ';X1,01',
        ';X1,27;',
        ';X0,',
        ';cmds',
        ';cmds:1',
        ';cmds:1,',
        ';cmds:1,X3,2227',
        ';cmds:1,X2,34ff',
        ';Y1,27',
      ]) {
        for (const type of ['Z0', 'Z1'])
          assert.match(
            await client.request(`${type},${at},${breakpointKind}${rest}`),
            /^E/,
            `${type}${rest}`,
          );
      }
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('persistent commands go on when the client has let go, others do not', () =>
    withSession('hot-threads', { args: ['1', '3'] }, async (traced) => {
      const { client, symbol, server } = traced;
      await client.request('?');
      await client.runTo(symbol('main'));
      assert.equal(
        await client.request(`Z0,${symbol('hot')},${breakpointKind};cmds:1,${listed(says)}`),
        'OK',
      );
      assert.equal(
        await client.request(`Z0,${symbol('run')},${breakpointKind};cmds:0,${listed(printing('run'))}`),
        'OK',
      );
      assert.equal(await client.request('D'), 'OK');
      await exitOf(traced);
      assert.match(traced.lines.join(''), /n=0\nn=1\nn=2\n/);
      assert.ok(!traced.lines.includes('run'));
      await server.end();
    }));
});

/** The server says when the program has ended. */
function exitOf({ lines }: TracedSession): Promise<void> {
  return eventually('the program ends', () =>
    lines.some((line) => line.startsWith('Child exited with status 0')),
  );
}
