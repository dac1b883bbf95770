import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { ClientQueue } from '../../src/cli/client-queue.js';
import { parseComm, type TcpComm } from '../../src/cli/comm.js';
import { type Listener, listenTcp, listenUnix } from '../../src/cli/listen.js';
import { StartError } from '../../src/cli/start-error.js';
import { nativeBinding } from '../../src/native/binding.js';
import { bounded } from '../support/bounded.js';

function tcp(text: string): TcpComm {
  const comm = parseComm(text);
  assert.equal(comm.kind, 'tcp');
  return comm as TcpComm;
}

async function withListener(
  text: string,
  test: (listener: Listener, port: number) => Promise<void>,
): Promise<void> {
  const listener = listenTcp(tcp(text));
  try {
    await test(listener, 'port' in listener.place ? listener.place.port : 0);
  } finally {
    closeSync(listener.fd);
  }
}

function addressOf(listener: Listener): string {
  return nativeBinding().localAddress(listener.fd).host;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await bounded(once(socket, 'connect'), 5000, () => 'connection');
  return socket;
}

function isStartError(pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof StartError && pattern.test(error.message);
}

const addresses: readonly [string, string, 'notice' | 'no notice'][] = [
  [':0', '127.0.0.1', 'notice'],
  ['0', '127.0.0.1', 'notice'],
  ['tcp6::0', '::1', 'notice'],
  ['localhost:0', '127.0.0.1', 'no notice'],
  ['127.0.0.1:0', '127.0.0.1', 'no notice'],
  ['[::1]:0', '::1', 'no notice'],
  ['::1:0', '::1', 'no notice'],
  ['0.0.0.0:0', '0.0.0.0', 'no notice'],
  ['[::]:0', '::', 'no notice'],
];

describe('cli: listening', () => {
  for (const [text, address, notice] of addresses) {
    it(`opens ${text} on ${address}, ${notice}`, async () => {
      await withListener(text, async (listener, port) => {
        assert.equal(addressOf(listener), address);
        assert.ok(port > 0);
        assert.equal(listener.notice === undefined, notice === 'no notice');
        if (notice === 'notice') assert.match(listener.notice ?? '', new RegExp(`0\\.0\\.0\\.0:${port}`));
      });
    });
  }

  it('says that a port is taken', async () => {
    await withListener('127.0.0.1:0', async (_listener, port) => {
      assert.throws(
        () => listenTcp(tcp(`127.0.0.1:${port}`)),
        isStartError(/^Can't bind address: Address already in use\.$/),
      );
    });
  });

  it('says that an address is not of this machine', async () => {
    assert.throws(
      () => listenTcp(tcp('192.0.2.1:0')),
      isStartError(/^Can't bind address: Cannot assign requested/),
    );
  });

  it('says that a name is unknown', async () => {
    assert.throws(
      () => listenTcp(tcp('no.such.host.invalid:0')),
      isStartError(/^no\.such.*: cannot resolve name: ./),
    );
  });
});

describe('cli: Unix domain sockets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outstep-'));
  after(() => rmSync(folder, { recursive: true }));

  it('replaces a socket that was left behind, but not one that is served', () => {
    const path = join(folder, 'socket');
    const abandoned = listenUnix({ kind: 'unix', path });
    assert.throws(() => listenUnix({ kind: 'unix', path }), isStartError(/Address already in use/));
    closeSync(abandoned.fd);
    const listener = listenUnix({ kind: 'unix', path });
    assert.deepEqual(listener.place, { path });
    assert.equal(listener.file, path);
    closeSync(listener.fd);
  });

  it('does not touch other files', () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'content');
    for (const taken of [folder, path])
      assert.throws(() => listenUnix({ kind: 'unix', path: taken }), isStartError(/Address already in use/));
  });

  it('says that a path is too long for a socket', () => {
    const path = join(folder, 'x'.repeat(200));
    assert.throws(
      () => listenUnix({ kind: 'unix', path }),
      isStartError(/^Can't bind address: File name too long/),
    );
  });
});

describe('cli: queue of clients', () => {
  async function withQueue(test: (queue: ClientQueue, port: number) => Promise<void>): Promise<void> {
    const listener = listenTcp(tcp('127.0.0.1:0'));
    const queue = new ClientQueue(listener.fd);
    try {
      await test(queue, 'port' in listener.place ? listener.place.port : 0);
    } finally {
      queue.close();
    }
  }

  it('gives out clients in order and leaves what they sent unread until then', async () => {
    await withQueue(async (queue, port) => {
      const clients = queue[Symbol.asyncIterator]();
      const [one, two] = [await connected(port), await connected(port)];
      two.write('two');
      one.write('one');
      for (const [client, text] of [
        [one, 'one'],
        [two, 'two'],
      ] as const) {
        const { value } = await bounded(clients.next(), 5000, () => text);
        assert.ok(value);
        assert.equal(value.port, client.localPort);
        assert.equal(await received(value.fd), text);
        client.destroy();
      }
      queue.close();
      assert.equal((await clients.next()).done, true);
    });
  });

  it('waits for a client that comes later', async () => {
    await withQueue(async (queue, port) => {
      const next = queue[Symbol.asyncIterator]().next();
      const client = await connected(port);
      const { value } = await bounded(next, 5000, () => 'the client');
      assert.equal(value?.port, client.localPort);
      client.destroy();
      if (value !== undefined) closeSync(value.fd);
    });
  });

  it('ends a wait when it is closed, and refuses who comes later', async () => {
    await withQueue(async (queue, port) => {
      const next = queue[Symbol.asyncIterator]().next();
      queue.close();
      assert.equal((await bounded(next, 5000, () => 'end')).done, true);
      await assert.rejects(connected(port), /ECONNREFUSED/);
    });
  });

  it('sends away who waits when it is closed', async () => {
    await withQueue(async (queue, port) => {
      const clients = queue[Symbol.asyncIterator]();
      const first = await connected(port);
      const served = (await clients.next()).value;
      assert.ok(served);
      const second = await connected(port);
      second.on('error', () => undefined);
      const sentAway = new Promise((resolve) => second.once('close', resolve));
      queue.close();
      second.resume();
      await bounded(sentAway, 5000, () => 'the second client is sent away');
      assert.equal(first.closed, false);
      first.destroy();
      closeSync(served.fd);
    });
  });
});

/** What comes first at a socket. */
async function received(fd: number): Promise<string> {
  const bytes = new Uint8Array(100);
  const socket = new (nativeBinding().Socket)(fd, true, () => undefined);
  let count = 0;
  while (count === 0) count = socket.receive(bytes, true);
  socket.close();
  return new TextDecoder().decode(bytes.subarray(0, count));
}
