/** The client against a stub in memory: what a real server does seldom or never. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asciiBytes, asciiText, encodeNotification, escapeBinary } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { RspClient } from '../../src/client/index.js';
import { ScriptedStub, withHandshake } from './scripted-stub.js';

const options = { timeoutMs: 2000 };

describe('client: connection', () => {
  it('agrees on features first and then stops acknowledging', async () => {
    const stub = new ScriptedStub(withHandshake({ qC: ['QCp1.1'] }));
    await using client = await RspClient.connect(stub.streams, options);
    assert.equal(client.features.get('PacketSize'), '400');
    assert.equal(await client.request('qC'), 'QCp1.1');
    assert.deepEqual(stub.received, [
      'ack',
      'qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;no-resumed+;exec-events+;QThreadEvents+;error-message+;xmlRegisters=i386',
      'ack',
      'QStartNoAckMode',
      'ack',
      '?',
      'qC',
    ]);
  });

  it('acknowledges when the server knows nothing else, or when told so', async () => {
    for (const [features, acknowledge] of [
      ['PacketSize=400', false],
      ['QStartNoAckMode+', true],
    ] as const) {
      const stub = new ScriptedStub(withHandshake({ qC: ['QC1'] }, features));
      await using client = await RspClient.connect(stub.streams, { ...options, acknowledge });
      await client.request('qC');
      assert.deepEqual(stub.received.slice(-4), ['?', 'ack', 'qC', 'ack']);
    }
  });

  it('asks again for a packet with a wrong checksum, and repeats its own when asked', async () => {
    let asked = 0;
    const stub = new ScriptedStub((packet) => {
      if (packet === '?') return ['S05'];
      if (packet !== 'qC') return ['PacketSize=400'];
      asked += 1;
      return asked === 1 ? [asciiBytes('-')] : [asciiBytes('$QC1#00'), 'QC2'];
    });
    await using client = await RspClient.connect(stub.streams, options);
    assert.equal(await client.request('qC'), 'QC2');
    assert.deepEqual(stub.received.slice(-4), ['qC', 'qC', 'nak', 'ack']);
  });

  it('sends binary data escaped and gives it back as bytes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_unused, value) => value);
    const stub = new ScriptedStub(withHandshake({ [asciiText(bytes)]: [asciiText(bytes)] }));
    await using client = await RspClient.connect(stub.streams, options);
    assert.deepEqual(await client.requestBytes(bytes), bytes);
  });

  it('keeps the order of requests that wait in line', async () => {
    const stub = new ScriptedStub(withHandshake({ a: ['1'], b: ['2'], d: ['3'] }));
    await using client = await RspClient.connect(stub.streams, options);
    assert.deepEqual(await Promise.all(['a', 'b', 'd'].map((packet) => client.request(packet))), [
      '1',
      '2',
      '3',
    ]);
  });

  it('gives output to the callback while the program runs, and OK to the request', async () => {
    const stub = new ScriptedStub(withHandshake({ 'vCont;c': ['O6869', 'O', 'O210a', 'W00'], D: ['OK'] }));
    let output = '';
    const onOutput = (text: Uint8Array): void => {
      output += asciiText(text);
    };
    await using client = await RspClient.connect(stub.streams, { ...options, onOutput });
    assert.deepEqual(await client.continue(), { kind: 'exited', code: 0 });
    assert.equal(output, 'hi!\n');
    assert.equal(await client.request('D'), 'OK');
  });

  it('collects what a command of the server prints', async () => {
    const stub = new ScriptedStub(
      withHandshake({
        'qRcmd,68656c70': ['O6f6e65', 'O0a', 'OK'],
        'qRcmd,78': ['c3a4'],
        'qRcmd,79': ['E01'],
      }),
    );
    await using client = await RspClient.connect(stub.streams, options);
    assert.equal(await client.monitor('help'), 'one\n');
    assert.equal(await client.monitor('x'), 'ä');
    await assert.rejects(client.monitor('y'), { code: 'RSP_REFUSED' });
  });

  it('hands over notifications', async () => {
    const stub = new ScriptedStub(
      withHandshake({ QNonStop: [encodeNotification(asciiBytes('Stop:T05')), 'OK'] }),
    );
    const seen: string[] = [];
    await using client = await RspClient.connect(stub.streams, {
      ...options,
      onNotification: (text) => seen.push(text),
    });
    await client.request('QNonStop');
    assert.deepEqual(seen, ['Stop:T05']);
  });

  it('reaches a Unix domain socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rsp-client-'));
    const path = join(folder, 'socket');
    const stub = new ScriptedStub(withHandshake({ qC: ['QC1'] }));
    const server = createServer((socket) => {
      socket.pipe(stub.streams.writable);
      stub.streams.readable.pipe(socket);
    });
    try {
      await once(server.listen(path), 'listening');
      await using client = await RspClient.connect({ path }, options);
      assert.equal(await client.request('qC'), 'QC1');
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('client: the end of a program', () => {
  for (const end of ['reply', 'hang-up'] as const) {
    it(`detaches and kills without process ids where the server has none (${end})`, async () => {
      const stub: ScriptedStub = new ScriptedStub((packet) => {
        if (packet !== 'k') return [packet === '?' ? 'S05' : 'OK'];
        if (end === 'reply') return ['X09'];
        stub.hangUp();
        return undefined;
      });
      await using client = await RspClient.connect(stub.streams, options);
      await client.processes.detach();
      await client.processes.kill();
      const packets = stub.received.filter((packet) => packet !== 'ack');
      assert.deepEqual(packets.slice(-2), ['D', 'k']);
    });
  }
});

describe('client: failures', () => {
  it('shows the last packets when no reply comes, and ends', async () => {
    const stub = new ScriptedStub(withHandshake({ qC: ['QCp1.1'] }));
    await using client = await RspClient.connect(stub.streams, options);
    await client.request('qC');
    const waiting = client.request('m0,4', { timeoutMs: 20 });
    const queued = client.request('qC');
    const timeout = {
      code: 'RSP_TIMEOUT',
      message: /^no reply to m0,4 within 20 ms\n[\s\S]*-> qC\n {2}<- QCp1\.1\n {2}-> m0,4$/,
    };
    await Promise.all([assert.rejects(waiting, timeout), assert.rejects(queued, timeout)]);
    await client.closed;
    await assert.rejects(client.request('qC'), { code: 'RSP_TIMEOUT' });
  });

  it('rejects everything that waits when the server hangs up', async () => {
    const stub = new ScriptedStub(withHandshake({}));
    await using client = await RspClient.connect(stub.streams, options);
    const requests = [client.continue(), client.request('qC')];
    stub.hangUp();
    await Promise.all(requests.map((request) => assert.rejects(request, { code: 'RSP_CLOSED' })));
    await client.closed;
  });

  it('ends at a packet that nobody asked for', async () => {
    const stub = new ScriptedStub(withHandshake({}));
    await using client = await RspClient.connect(stub.streams, options);
    stub.send('T05');
    await client.closed;
    await assert.rejects(client.request('qC'), {
      code: 'RSP_UNEXPECTED',
      message: /nobody asked for[\s\S]*<- T05/,
    });
  });

  it('ends at a wrong checksum that cannot be asked for again', async () => {
    const stub = new ScriptedStub(withHandshake({ qC: [asciiBytes('$QC1#00')] }));
    await using client = await RspClient.connect(stub.streams, options);
    await assert.rejects(client.request('qC'), { code: 'RSP_UNEXPECTED' });
  });

  it('has codes for refused and unknown packets', async () => {
    const stub = new ScriptedStub(
      withHandshake({ 'm0,4': ['E.no memory'], 'Hgp1.1': [''], 'vCont;c': ['OK'], qC: ['no thread'] }),
    );
    await using client = await RspClient.connect(stub.streams, options);
    await assert.rejects(client.memory.read(0, 4), {
      code: 'RSP_REFUSED',
      message: 'm0,4: no memory',
      packet: 'm0,4',
      reply: 'E.no memory',
    });
    await assert.rejects(client.thread({ pid: 1, tid: 1 }).memory.read(0, 4), { code: 'RSP_UNSUPPORTED' });
    await assert.rejects(client.continue(), { code: 'RSP_UNEXPECTED' });
    await assert.rejects(client.send({ kind: 'qC' }), {
      code: 'RSP_UNEXPECTED',
      packet: 'qC',
      reply: 'no thread',
    });
  });

  it('passes on the system error when nobody listens', async () => {
    await assert.rejects(RspClient.connect({ path: '/nonexistent/socket' }), { code: 'ENOENT' });
  });

  it('is closed once and for all', async () => {
    const stub = new ScriptedStub(withHandshake({}));
    const client = await RspClient.connect(stub.streams, options);
    const waiting = client.request('qC');
    await Promise.all([client.close(), assert.rejects(waiting, { code: 'RSP_CLOSED' })]);
    await client.close();
    await assert.rejects(client.request('qC'), { code: 'RSP_CLOSED' });
  });
});

const description = [
  '<?xml version="1.0"?><target><architecture>aarch64</architecture>',
  "<!-- <reg name='no' bitsize='8'/> --><xi:include href=\"core.xml\"/>",
  '<feature name="b"><reg name="late" bitsize="16" regnum="9"/><reg name="last" bitsize="128"/></feature></target>',
].join('\n');
const core =
  '<feature name="a"><reg name="r0" bitsize="32" type="int"/><reg bitsize="16" name="r1"/></feature>';

function objectAnswers(name: string, text: string): Record<string, readonly string[]> {
  const half = text.length >> 1;
  const packet = (offset: number) => `qXfer:features:read:${name}:${offset.toString(16)},3fb`;
  return { [packet(0)]: [`m${text.slice(0, half)}`], [packet(half)]: [`l${text.slice(half)}`] };
}

const objects = { ...objectAnswers('target.xml', description), ...objectAnswers('core.xml', core) };

describe('client: registers by their description', () => {
  it('reads documents in parts and what they include', async () => {
    await using client = await RspClient.connect(new ScriptedStub(withHandshake(objects)).streams, options);
    const { architecture, features, registers } = await client.targetDescription();
    assert.equal(architecture, 'aarch64');
    assert.deepEqual(features, ['a', 'b']);
    assert.deepEqual(
      registers.map(({ name, number, bits, feature }) => [name, number, bits, feature]),
      [
        ['r0', 0, 32, 'a'],
        ['r1', 1, 16, 'a'],
        ['late', 9, 16, 'b'],
        ['last', 10, 128, 'b'],
      ],
    );
  });

  it('ends when documents include each other', async () => {
    const loop = objectAnswers('target.xml', '<target><xi:include href="target.xml"/></target>');
    await using client = await RspClient.connect(new ScriptedStub(withHandshake(loop)).streams, options);
    await assert.rejects(client.targetDescription(), { code: 'RSP_BAD_OBJECT', message: /too deep/ });
  });

  it('uses single packets where there are some, and reads one by one what a block lacks', async () => {
    const single = { 'P1=fe01': ['OK'], p1: ['fe01'], p9: ['0100'], pa: ['xx'.repeat(16)] };
    const stub = new ScriptedStub(withHandshake({ ...objects, ...single, g: ['78563412fe01'] }));
    await using client = await RspClient.connect(stub.streams, options);
    assert.deepEqual(
      [...(await client.registers.readAll())],
      [
        ['r0', 0x12345678n],
        ['r1', 0x1fen],
        ['late', 1n],
      ],
    );
    await client.registers.write('r1', 0x101fen);
    assert.equal(await client.registers.read('r1'), 0x1fen);
    await assert.rejects(client.registers.read('last'), { code: 'RSP_NO_REGISTER' });
    await assert.rejects(client.registers.read('r2'), { code: 'RSP_NO_REGISTER' });
  });

  it('changes a block where there are no single packets, and leaves the rest of it as it is', async () => {
    const block = `78563412xxxx0100${'00'.repeat(16)}`;
    const changed = `78563412xxxxfeff${'00'.repeat(16)}`;
    const stub = new ScriptedStub(
      withHandshake({ ...objects, p0: [''], 'P9=feff': [''], g: [block], [`G${changed}`]: ['OK'] }),
    );
    await using client = await RspClient.connect(stub.streams, options);
    await client.registers.write('late', -2n);
    assert.equal(await client.registers.read('r0'), 0x12345678n);
    assert.deepEqual([...(await client.registers.readAll()).keys()], ['r0', 'late', 'last']);
    assert.equal(
      stub.received.filter((packet) => /^p/.test(packet)).length,
      1,
      'one empty reply tells enough',
    );
  });
});

describe('client: memory', () => {
  it('keeps to the packet size and stops where memory ends', async () => {
    const stub = new ScriptedStub(
      withHandshake(
        { 'm1000,8': ['00'.repeat(8)], 'm1008,8': ['0102'], 'm2000,8': ['00'.repeat(8)], 'm2008,1': ['E01'] },
        'PacketSize=10',
      ),
    );
    await using client = await RspClient.connect(stub.streams, options);
    assert.equal((await client.memory.read(0x1000n, 16)).length, 10);
    assert.equal((await client.memory.read(0x2000n, 9)).length, 8);
    await assert.rejects(client.memory.readExact(0x2000n, 9), {
      code: 'RSP_REFUSED',
      message: 'only 8 of 9 bytes at 0x2000 are readable',
    });
  });

  it('never sends a packet longer than the server takes', async () => {
    const handshake = withHandshake({});
    const stub = new ScriptedStub((packet) => (packet.startsWith('X') ? ['OK'] : handshake(packet)));
    await using client = await RspClient.connect(stub.streams, options);
    const bytes = new Uint8Array(3000).fill(0x7d);
    await client.memory.write(0xffff_ffff_ff00_0000n, bytes);
    const writes = stub.received.filter((packet) => packet.startsWith('X'));
    const written = writes.map((packet) => packet.slice(packet.indexOf(':') + 1));
    assert.equal(written.join(''), '}'.repeat(3000));
    for (const packet of writes) assert.ok(escapeBinary(asciiBytes(packet)).length <= 0x400);
    assert.ok(writes.length > 6 && writes.length < 10);
  });
});
