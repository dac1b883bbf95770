import assert from 'node:assert/strict';
import { bytesOfHex, hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { thisMachine } from '../../support/machine.js';
import { breakpointKind, firstArgument, registerOfRole } from '../../support/machine-registers.js';
import { bigintOfHex, endProcess, type TracedSession, withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

/** Sends packets that must all be answered `OK`. */
async function expectOk(client: WireClient, ...packets: readonly string[]): Promise<void> {
  for (const packet of packets) assert.equal(await client.request(packet), 'OK', packet);
}

/** Fields of the answer to qTStatus; the stop reason is `reason`, whether a run is under way `state`. */
async function status(client: WireClient): Promise<Readonly<Record<string, string>>> {
  const [state = '', reason = '', ...fields] = (await client.request('qTStatus')).split(';');
  const pairs = fields.map((field) => [field.slice(0, field.indexOf(':')), field.replace(/^[^:]*:/, '')]);
  return { state, reason, ...Object.fromEntries(pairs) };
}

/** Every piece of a list, from the packet for the first to the `l`. */
async function list(client: WireClient, first: string, next: string): Promise<readonly string[]> {
  const pieces: string[] = [];
  for (let piece = await client.request(first); piece !== 'l'; piece = await client.request(next))
    pieces.push(piece);
  return pieces;
}

/** Traces with the given tracepoints (packets without `QTDP:`) until the program is at `end`. */
async function traceTo(
  { client, symbol }: TracedSession,
  end: string,
  definitions: readonly string[],
  settings: readonly string[] = [],
): Promise<void> {
  await expectOk(client, 'QTinit', ...definitions.map((definition) => `QTDP:${definition}`), ...settings);
  await expectOk(client, 'QTStart');
  await client.runTo(symbol(end));
}

const stackPointer = registerOfRole('sp');

describe('gdb session: tracepoints', () => {
  it('collect registers and memory while the program runs on', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol, register } = session;
      const [twice, total] = [symbol('twice'), symbol('total')];
      await traceTo(session, 'sum', [
        `1:${twice}:E:0:0-`,
        `-1:${twice}:R03M-1,${total},4-`,
        `-1:${twice}:Mffffffff,${total},2`,
      ]);
      const live = await client.request('g');
      assert.deepEqual((await status(client)).tframes, '2');
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      assert.equal(await register('pc'), BigInt(`0x${twice}`));
      assert.equal(await register(firstArgument), 3n);
      assert.equal(await client.request(`m${total},4`), '00000000');
      assert.equal(await client.request('QTFrame:1'), 'F1T1');
      assert.equal(await register(firstArgument), 6n);
      assert.equal(await client.request(`m${total},8`), '06000000', 'what was collected of it');
      assert.equal((await client.request('g')).length, live.length);
      assert.equal(await client.request('QTFrame:ffffffff'), 'OK');
      assert.equal(await client.request('g'), live);
    }));

  it('count memory from a register where they say so', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol, register } = session;
      const twice = symbol('twice');
      await traceTo(session, 'sum', [
        `1:${twice}:E:0:0-`,
        `-1:${twice}:R03M${stackPointer.number.toString(16)},0,8`,
      ]);
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      const sp = await register('sp');
      const collected = await client.request(`m${sp.toString(16)},8`);
      assert.match(collected, /^[0-9a-f]{16}$/);
      assert.match(await client.request(`m${(sp + 8n).toString(16)},8`), /^E/);
      // Elsewhere a function finds in a register where it was called.
      if (thisMachine !== 'x86_64') return;
      const [caller, main] = [bigintOfHex(collected), BigInt(`0x${symbol('main')}`)];
      assert.ok(caller > main && caller < main + 64n, caller.toString(16));
    }));

  it('show what was not collected as unavailable, and let nothing be changed', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol, register } = session;
      const [twice, total] = [symbol('twice'), symbol('total')];
      await traceTo(session, 'sum', [`1:${twice}:E:0:0-`, `-1:${twice}:M-1,${total},4`]);
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      assert.equal(await client.request(`p${firstArgument.number.toString(16)}`), 'x'.repeat(16));
      assert.match(await client.request('g'), /^(x{16})+[0-9a-f]{16}x+$/, 'the pc is known');
      assert.equal(await register('pc'), BigInt(`0x${twice}`));
      assert.match(await client.request(`m${symbol('main')},4`), /^E/);
      assert.match(await client.request(`M${total},4:01010101`), /^E/);
      assert.match(await client.request(`X${total},4:aaaa`), /^E/);
      assert.match(await client.request('P0=1122334455667788'), /^E/);
      assert.match(await client.request(`G${'00'.repeat(8)}`), /^E/);
      assert.equal(await client.request('QTFrame:-1'), 'OK');
      assert.equal(await client.request(`m${total},4`), '0c000000', 'nothing was written');
    }));

  it('let memory that never changes be read from the program', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const main = BigInt(`0x${symbol('main')}`);
      const code = await client.request(`m${symbol('main')},4`);
      await traceTo(
        session,
        'sum',
        [`1:${symbol('twice')}:E:0:0`],
        [`QTro:0,10:${symbol('main')},${(main + 4n).toString(16)}`],
      );
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      assert.equal(await client.request(`m${symbol('main')},4`), code);
      assert.match(await client.request(`m${symbol('main')},5`), /^E/);
    }));

  it('say which memory and variables a frame has', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const [twice, total] = [symbol('twice'), symbol('total')];
      assert.match(await client.request('qXfer:traceframe-info:read::0,1000'), /^E/);
      await traceTo(session, 'sum', [`1:${twice}:E:0:0-`, `-1:${twice}:R03M-1,${total},4`]);
      assert.equal(await client.request('QTFrame:0'), 'F0T1');
      assert.equal(
        await client.request('qXfer:traceframe-info:read::0,1000'),
        `l<traceframe-info>\n<memory start="0x${total}" length="0x4"/>\n</traceframe-info>\n`,
      );
    }));

  it('record steps behind a hit, and the hits among them', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol, register } = session;
      const twice = symbol('twice');
      await traceTo(session, 'sum', [`1:${twice}:E:3:0-`, `-1:${twice}:R03SR03`]);
      const places: bigint[] = [];
      for (let index = 0; (await client.request(`QTFrame:${index}`)) !== 'F-1'; index += 1)
        places.push((await register('pc')) - BigInt(`0x${twice}`));
      assert.equal(places.length, 8, 'two hits with three steps each');
      assert.deepEqual(places.slice(0, 4), places.slice(4));
      assert.equal(places[0], 0n);
      assert.ok(
        places.slice(1, 4).every((offset, index) => offset > (places[index] ?? 0n)),
        places.join(),
      );
    }));

  it('are searched for from the selected frame on', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const [twice, factorial, sum] = [symbol('twice'), symbol('factorial'), symbol('sum')];
      await traceTo(session, 'factorial', [`1:${twice}:E:0:0`, `a:${sum}:E:0:0`]);
      assert.equal(await client.request(`QTFrame:pc:${twice}`), 'F0T1');
      assert.equal(await client.request(`QTFrame:pc:${twice}`), 'F1T1');
      assert.equal(await client.request(`QTFrame:pc:${twice}`), 'F-1');
      assert.equal(await client.request('QTFrame:tdp:a'), 'F2Ta');
      assert.equal(await client.request('QTFrame:ffffffff'), 'OK');
      assert.equal(await client.request(`QTFrame:outside:${twice}:${twice}`), 'F2Ta');
      assert.equal(await client.request('QTFrame:ffffffff'), 'OK');
      assert.equal(
        await client.request(`QTFrame:range:${sum}:${factorial}`),
        BigInt(`0x${sum}`) < BigInt(`0x${factorial}`) ? 'F2Ta' : 'F-1',
      );
      assert.equal(await client.request('QTFrame:7'), 'F-1');
    }));

  it('are counted, switched off and on', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const twice = symbol('twice');
      await traceTo(session, 'twice', [
        `1:${twice}:D:0:0`,
        `2:${twice}:E:0:0-`,
        `-2:${twice}:M-1,${symbol('total')},4`,
      ]);
      assert.equal(await client.request(`qTP:1:${twice}`), 'V0:0');
      assert.equal(await client.request(`qTP:2:${twice}`), 'V1:f');
      await expectOk(client, `QTDisable:2:${twice}`, `QTEnable:1:${twice}`);
      await client.runTo(symbol('sum'));
      assert.equal(await client.request(`qTP:1:${twice}`), 'V1:0');
      assert.equal(await client.request(`qTP:2:${twice}`), 'V1:f');
      assert.match(await client.request(`qTP:3:${twice}`), /^E/);
    }));

  it('end the run at their pass count', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      await traceTo(session, 'factorial', [
        `1:${symbol('twice')}:E:0:0`,
        `2:${symbol('sum')}:E:0:1`,
        `3:${symbol('factorial')}:E:0:0`,
      ]);
      const { state, reason, tframes } = await status(client);
      assert.deepEqual([state, reason, tframes], ['T0', 'tpasscount:2', '3']);
      assert.match(await client.request('vCont;c'), /^W00/);
    }));

  it('join a run that is under way', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      await traceTo(session, 'twice', []);
      await expectOk(client, `QTDP:4:${symbol('sum')}:E:0:0-`, `QTDP:-4:${symbol('sum')}:R03`);
      await client.runTo(symbol('factorial'));
      assert.equal(await client.request('QTFrame:0'), 'F0T4');
      assert.match(await client.request('QTDP:5:10:E:0:0'), /^E/);
      assert.deepEqual((await list(client, 'qTfP', 'qTsP')).length, 2, 'the one that failed is not kept');
    }));

  it('and breakpoints at one address are both hit', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const twice = symbol('twice');
      await traceTo(session, 'twice', [`1:${twice}:E:0:0`]);
      assert.equal((await status(client)).tframes, '1');
      await client.runTo(symbol('twice'));
      assert.equal((await status(client)).tframes, '2');
      await expectOk(client, 'QTStop');
      assert.match(await client.request('vCont;c'), /^W00/);
    }));

  it('are hit in all threads', () =>
    withSession('hot-threads', { args: ['8', '20'] }, async (session) => {
      const { client, symbol } = session;
      await expectOk(
        client,
        'QTinit',
        `QTDP:1:${symbol('hot')}:E:2:0-`,
        `QTDP:-1:${symbol('hot')}:R03S`,
        'QTStart',
      );
      assert.match(await client.request('vCont;c'), /^W00/);
      const { state, reason, tframes } = await status(client);
      assert.deepEqual([state, reason, tframes], ['T0', 'tunknown:0', (8 * 20 * 3).toString(16)]);
    }));

  it('of a kind that is not supported are refused with the reason', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      await expectOk(client, 'QTinit');
      assert.match(
        await client.request(`QTDP:1:${symbol('twice')}:E:0:0:F5`),
        /^E\.fast tracepoints are not supp/,
      );
      assert.match(await client.request(`QTDP:1:${symbol('twice')}:E:0:0:S`), /^E\.static tracepoints/);
      assert.equal(await client.request('qTMinFTPILen'), '0');
    }));

  it('are told to a client that asks, with what the user typed', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const twice = symbol('twice');
      const definitions = [
        `QTDP:1:${twice}:E:2:3:X3,220027-`,
        `QTDP:-1:${twice}:R03M-1,10,4X3,220027-`,
        `QTDP:-1:${twice}:SR03`,
        `QTDPsrc:1:${twice}:cmd:0:3:612062`,
      ];
      await expectOk(client, 'QTinit', ...definitions);
      const at = `1:${twice}`;
      assert.deepEqual(await list(client, 'qTfP', 'qTsP'), [
        `T${at}:E:2:3:X3,220027`,
        `A${at}:R03`,
        `A${at}:M-1,10,4`,
        `A${at}:X3,220027`,
        `S${at}:R03`,
        `Z${at}:cmd:0:3:612062`,
      ]);
      await expectOk(client, `QTDP:1:${twice}:D:0:0`);
      assert.deepEqual(await list(client, 'qTfP', 'qTsP'), [`T${at}:D:0:0`], 'defined anew');
      await expectOk(client, 'QTinit');
      assert.deepEqual(await list(client, 'qTfP', 'qTsP'), []);
    }));

  it('cost an error when the packet is malformed', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const twice = symbol('twice');
      await expectOk(client, 'QTinit', `QTDP:1:${twice}:E:0:0-`);
      const malformed = [
        'QTDP:',
        `QTDP:2:${twice}:Q:0:0`,
        `QTDP:2:${twice}:E:0:0:X4,2200`,
        `QTDP:-1:${twice}:K`,
        `QTDP:-1:${twice}:X9,00`,
        `QTDP:-1:${twice}:M-1,10`,
        `QTDP:-9:${twice}:R03`,
        'QTFrame:zz',
        'QTFrame:pc:',
        'QTBuffer:size:',
        'qTBuffer:0',
        'QTro:1',
        'QTDV:1',
        'QTNotes:user',
      ];
      for (const packet of malformed) assert.match(await client.request(packet), /^E/, packet);
      assert.deepEqual(await list(client, 'qTfP', 'qTsP'), [`T1:${twice}:E:0:0`]);
    }));

  it('that cannot be inserted let no run begin', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      await expectOk(client, 'QTinit', `QTDP:1:${symbol('twice')}:E:0:0`, 'QTDP:2:10:E:0:0');
      assert.match(await client.request('QTStart'), /^E.*0x10/);
      assert.equal((await status(client)).state, 'T0');
      assert.match(await client.request('vCont;c'), /^W00/);
    }));
});

describe('gdb session: trace buffer', () => {
  it('is uploaded in the layout of a trace file', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      const [twice, total] = [symbol('twice'), symbol('total')];
      await traceTo(session, 'sum', [`1:${twice}:E:0:0-`, `-1:${twice}:M-1,${total},4`]);
      const bytes = bytesOfHex(await client.request('qTBuffer:0,ffff'));
      const view = new DataView(bytes.buffer);
      const frameBytes = 6 + 1 + 8 + 2 + 4;
      assert.equal(bytes.length, 2 * frameBytes);
      assert.deepEqual([view.getUint16(0, true), view.getUint32(2, true)], [1, frameBytes - 6]);
      assert.equal(String.fromCharCode(bytes[6] ?? 0), 'M');
      assert.equal(view.getBigUint64(7, true), BigInt(`0x${total}`));
      assert.deepEqual([view.getUint16(15, true), view.getInt32(17, true)], [4, 0]);
      assert.equal(view.getInt32(17 + frameBytes, true), 6);
      assert.deepEqual(bytesOfHex(await client.request('qTBuffer:5,14')), bytes.subarray(5, 25));
      assert.equal(await client.request(`qTBuffer:${bytes.length.toString(16)},10`), 'l');
      assert.match(await client.request('qTBuffer:1000,10'), /^E/);
    }));

  it('ends the run when it is full', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol } = session;
      await expectOk(client, 'QTBuffer:size:32');
      await traceTo(session, 'sum', [
        `1:${symbol('twice')}:E:0:0-`,
        `-1:${symbol('twice')}:M-1,${symbol('total')},20`,
      ]);
      const { state, reason, tframes, tsize } = await status(client);
      assert.deepEqual([state, reason, tframes, tsize], ['T0', 'tfull:0', '0', '32']);
      await expectOk(client, 'QTBuffer:size:-1');
      assert.equal((await status(client)).tsize, (5 << 20).toString(16));
    }));

  it('gives up the oldest frames when it is a ring', () =>
    withSession('stepping', {}, async (session) => {
      const { client, symbol, register } = session;
      // Room for two frames of 21 bytes and the end mark.
      const settings = ['QTBuffer:size:31', 'QTBuffer:circular:1'];
      const at = symbol('factorial');
      await expectOk(
        client,
        'QTinit',
        ...settings,
        `QTDP:1:${at}:E:0:0-`,
        `QTDP:-1:${at}:M-1,${symbol('total')},4`,
        'QTStart',
      );
      assert.match(await client.request(`Z0,${symbol('sum')},${breakpointKind}`), /OK/);
      assert.match(await client.request('vCont;c'), /^T05/);
      for (const expected of [1, 2, 3]) {
        await client.runTo(at);
        const { tframes, tcreated, circular } = await status(client);
        assert.deepEqual(
          [tframes, tcreated, circular],
          [String(Math.min(expected, 2)), String(expected), '1'],
        );
        if (expected === 2) assert.equal(await client.request('QTFrame:1'), 'F1T1');
      }
      assert.equal(await client.request('QTFrame:tdp:1'), 'F1T1', 'the selected frame is the oldest now');
      assert.equal(await client.request('QTFrame:tdp:1'), 'F-1');
      assert.ok((await register('pc')) > 0n);
    }));

  it('keeps its size during a run, and its run', () =>
    withSession('stepping', {}, async (session) => {
      const { client } = session;
      await traceTo(session, 'twice', []);
      assert.match(await client.request('QTBuffer:size:100'), /^E/);
      assert.match(await client.request('QTStart'), /^E/);
      assert.equal(await client.request('QTBuffer:colour:1'), '');
      assert.equal((await status(client)).state, 'T1');
    }));
});

describe('gdb session: trace state', () => {
  it('starts with no run and the timestamp', () =>
    withSession('stepping', {}, async ({ client }) => {
      const { state, reason, starttime } = await status(client);
      assert.deepEqual([state, reason, starttime], ['T0', 'tnotrun:0', '0']);
      const name = hexOfText('trace_timestamp');
      assert.deepEqual(await list(client, 'qTfV', 'qTsV'), [`1:0:1:${name}`]);
      assert.equal(await client.request('qTV:1'), 'U');
      await expectOk(client, 'QTinit', 'QTStart');
      assert.match(await client.request('qTV:1'), /^V[0-9a-f]{10,}$/);
    }));

  it('has variables with their initial values', () =>
    withSession('stepping', {}, async ({ client }) => {
      await expectOk(client, 'QTinit', 'QTDV:2:fffffffffffffffe:0:6162', 'QTDV:1:5:1:6162');
      assert.equal((await list(client, 'qTfV', 'qTsV'))[0], '2:fffffffffffffffe:0:6162');
      await expectOk(client, 'QTStart');
      assert.equal(await client.request('qTV:2'), 'Vfffffffffffffffe');
      assert.equal(await client.request('qTV:3'), 'U');
      assert.notEqual(await client.request('qTV:1'), 'V5', 'the timestamp is the server’s');
    }));

  it('has notes and times', () =>
    withSession('stepping', {}, async ({ client }) => {
      await expectOk(
        client,
        'QTNotes:user:616c;notes:6e6f7465;',
        'QTinit',
        'QTStart',
        'QTNotes:tstop:656e64;',
        'QTStop',
      );
      const { state, reason, username, notes, starttime, stoptime } = await status(client);
      assert.deepEqual([state, reason, username, notes], ['T0', 'tstop:656e64:0', '616c', '6e6f7465:']);
      const [start, stop] = [Number(`0x${starttime}`) / 1000, Number(`0x${stoptime}`) / 1000];
      assert.ok(start <= stop && Math.abs(Date.now() - start) < 60_000, `${start} ${stop}`);
    }));

  it('stays for the next client; the run does only where it was told to', () =>
    withSession('stepping', {}, async ({ client, server, symbol }) => {
      await expectOk(client, 'QTinit', `QTDP:1:${symbol('sum')}:E:0:0`, 'QTStart');
      client.disconnect();
      const second = new WireClient(server);
      await second.greet();
      assert.deepEqual(await list(second, 'qTfP', 'qTsP'), [`T1:${symbol('sum')}:E:0:0`]);
      assert.equal((await status(second)).reason, 'tdisconnected:0');
      await expectOk(second, 'QTDisconnected:1', 'QTStart');
      second.disconnect();
      const third = new WireClient(server);
      await third.greet();
      const { state, disconn } = await status(third);
      assert.deepEqual([state, disconn], ['T1', '1']);
      assert.match(await third.request('?'), /^T05/);
      await third.runTo(symbol('factorial'));
      assert.equal(await third.request('QTFrame:0'), 'F0T1');
    }));

  it('lets the program run on under a run that outlives the client', () =>
    withSession('counting-loop', {}, async ({ client, server, symbol, pid, lines }) => {
      const count = symbol('count');
      await expectOk(client, 'QTinit', `QTDP:1:${count}:E:0:3`, 'QTDisconnected:1', 'QTStart');
      await expectOk(client, `D;${pid.toString(16)}`);
      assert.ok(
        lines.some((line) => /^Disconnected tracing in effect/.test(line)),
        lines.join('\n'),
      );
      const second = new WireClient(server);
      await second.greet();
      assert.match(await second.request('?'), /^T/);
      for (let tries = 0; (await status(second)).state === 'T1'; tries += 1) {
        assert.ok(tries < 100, 'the program does not run');
        second.send('vCont;c');
        second.interrupt();
        assert.match(await second.reply(), /^T02/);
      }
      assert.equal((await status(second)).reason, 'tpasscount:1');
      await expectOk(second, `D;${pid.toString(16)}`);
      endProcess(pid);
    }));

  it('is left behind by a client that detaches without a word about it', () =>
    withSession('counting-loop', {}, async ({ client, symbol, pid, server }) => {
      await expectOk(client, 'QTinit', `QTDP:1:${symbol('count')}:E:0:0`, 'QTStart');
      await expectOk(client, `D;${pid.toString(16)}`);
      assert.equal(server.tracing.isRunning, false);
      assert.equal(server.tracer.processes.size, 0);
      endProcess(pid);
    }));
});
