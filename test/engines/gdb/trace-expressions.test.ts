import assert from 'node:assert/strict';
import { hexOf, hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { type Instruction, program } from '../../support/agent-program.js';
import { firstArgument, registerOfRole } from '../../support/machine-registers.js';
import { type TracedSession, withSession } from './traced-session.js';

const argument: Instruction = ['reg', firstArgument.number];
const stackPointer = registerOfRole('sp').number;

function action(...instructions: readonly Instruction[]): string {
  const bytes = program(...instructions);
  return `X${bytes.length.toString(16)},${hexOf(bytes)}`;
}

/** Traces `function` with a condition and actions until the program is at `end`. */
async function trace(
  { client, symbol }: TracedSession,
  place: string,
  end: string,
  { condition, actions = '' }: { readonly condition?: string; readonly actions?: string },
): Promise<void> {
  const at = symbol(place);
  const head = `QTDP:1:${at}:E:0:0${condition === undefined ? '' : `:${condition}`}-`;
  for (const packet of ['QTinit', 'QTDV:2:3:0:61', head, `QTDP:-1:${at}:${actions}`, 'QTStart'])
    assert.equal(await client.request(packet), 'OK', packet);
  await client.runTo(symbol(end));
}

async function stopReason({ client }: TracedSession): Promise<string | undefined> {
  return (await client.request('qTStatus')).split(';')[1];
}

describe('gdb session: expressions of tracepoints', () => {
  it('a condition decides whether a hit is one', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol, register } = session;
      const condition = action(argument, ['const8', 6], 'equal');
      await trace(session, 'twice', 'sum', { condition, actions: 'R03' });
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      assert.equal(await register(firstArgument), 6n);
      assert.equal(await client.request('QTFrame:1'), 'F-1');
      assert.match(await client.request(`qTP:1:${symbol('twice')}`), /^V1:/);
    }));

  it('a condition is one tracepoint’s, not that of another one at its address', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const twice = symbol('twice');
      const condition = action(argument, ['const8', 6], 'equal');
      const define = [`QTDP:1:${twice}:E:0:0:${condition}`, `QTDP:2:${twice}:E:0:0`];
      for (const packet of ['QTinit', ...define, 'QTStart']) assert.equal(await client.request(packet), 'OK');
      await client.runTo(symbol('sum'));
      const frames: string[] = [];
      for (const index of [0, 1, 2, 3]) frames.push(await client.request(`QTFrame:${index}`));
      assert.deepEqual(frames, ['F0T2', 'F1T1', 'F2T2', 'F-1']);
    }));

  it('a condition that assigns does so once for each hit', () =>
    withSession('stepping', {}, async (session) => {
      const condition = action(['getv', 2], ['const8', 1], 'add', ['setv', 2]);
      await trace(session, 'twice', 'sum', { condition, actions: 'R03' });
      assert.equal(await session.client.request('qTV:2'), 'V5');
      assert.equal(await session.client.request('QTFrame:1'), 'F1T1');
    }));

  it('a condition that cannot be evaluated at all lets no run begin', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const at = symbol('twice');
      for (const packet of ['QTinit', `QTDP:1:${at}:E:0:0:X1,ff`])
        assert.equal(await client.request(packet), 'OK');
      assert.match(await client.request('QTStart'), /^E\.an agent expression cannot be evaluated/);
    }));

  it('that record more than there is record what there is', () =>
    withSession('stepping', {}, async (session) => {
      const total = BigInt(`0x${session.symbol('total')}`);
      const actions = action(['const64', total], ['const64', 2n ** 63n], 'trace');
      await trace(session, 'twice', 'sum', { actions });
      assert.equal(await session.client.request('QTFrame:0'), 'F0T1');
      assert.equal(await session.client.request(`m${session.symbol('total')},4`), '00000000');
    }));

  const stack: Instruction = ['reg', stackPointer];
  const wholeStack = action(stack, ['const64', 2n ** 63n], 'trace', stack, ['const64', 2n ** 63n], 'trace');
  for (const actions of [
    wholeStack,
    `M${stackPointer.toString(16)},0,ffffffff`,
    `${`M${stackPointer.toString(16)},0,ffffffff`.repeat(2)}${wholeStack}`,
  ])
    it(`that record more than the buffer holds end the run: ${actions}`, () =>
      withSession('stepping', {}, async (session) => {
        assert.equal(await session.client.request('QTBuffer:size:400'), 'OK');
        await trace(session, 'twice', 'sum', { actions });
        assert.equal(await stopReason(session), 'tfull:0');
        assert.equal(await session.client.request('QTFrame:0'), 'F-1');
      }));

  it('record memory, and variables as they are', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const total = symbol('total');
      const actions = [
        action(['const64', BigInt(`0x${total}`)], ['const8', 4], 'trace'),
        action(['getv', 2], argument, 'add', ['setv', 2], ['tracev', 2]),
      ].join('');
      await trace(session, 'twice', 'sum', { actions });
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      assert.equal(await client.request('qTV:2'), 'V6');
      assert.equal(await client.request('qTV:3'), 'U');
      assert.equal(await client.request('QTFrame:1'), 'F1T1');
      assert.equal(await client.request(`m${total},4`), '06000000');
      assert.equal(await client.request('qTV:2'), 'Vc');
      assert.equal(
        await client.request('qXfer:traceframe-info:read::0,1000'),
        `l<traceframe-info>\n<memory start="0x${total}" length="0x4"/>\n<tvar id="2"/>\n</traceframe-info>\n`,
      );
      assert.equal(await client.request('QTFrame:ffffffff'), 'OK');
      assert.equal(await client.request('qTV:2'), 'Vc');
      assert.equal(await client.request('qTfV'), `2:3:0:${hexOfText('a')}`);
    }));

  it('see the time of the hit', () =>
    withSession('stepping', {}, async (session) => {
      const before = BigInt(Date.now() - 1000) * 1000n;
      const condition = action(['const64', before], ['getv', 1], 'less_unsigned');
      await trace(session, 'twice', 'sum', { condition, actions: action(['tracev', 1]) });
      assert.equal(await session.client.request('QTFrame:1'), 'F1T1');
      assert.ok(BigInt(`0x${(await session.client.request('qTV:1')).slice(1)}`) > before);
    }));

  it('end the run when they fail, and what came before stays', () =>
    withSession('stepping', {}, async (session) => {
      const actions = [
        `M-1,${session.symbol('total')},4`,
        action(['const8', 1], ['const8', 0], 'div_signed'),
        'R03',
      ];
      await trace(session, 'twice', 'sum', { actions: actions.join('') });
      assert.equal(await stopReason(session), `terror:${hexOfText('it divides by zero')}:1`);
      assert.equal(await session.client.request('QTFrame:0'), 'F0T1');
      assert.equal(await session.client.request(`m${session.symbol('total')},4`), '00000000');
      assert.match(await session.client.request(`p${firstArgument.number.toString(16)}`), /^x+$/);
      assert.equal(await session.client.request('QTFrame:1'), 'F-1');
    }));

  it('that have no value are no conditions', () =>
    withSession('stepping', {}, async (session) => {
      await trace(session, 'twice', 'sum', { condition: action() });
      assert.equal(await stopReason(session), `terror:${hexOfText('the condition has no value')}:1`);
      assert.equal(await session.client.request('QTFrame:0'), 'F-1');
    }));
});
