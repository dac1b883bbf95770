import assert from 'node:assert/strict';
import { once } from 'node:events';
import { linkSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { ClientQueue } from '../../src/cli/client-queue.js';
import { parseComm, type TcpComm } from '../../src/cli/comm.js';
import { type Listener, listenTcp, listenUnix } from '../../src/cli/listen.js';
import { StartError } from '../../src/cli/start-error.js';
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
  const listener = await listenTcp(tcp(text));
  try {
    await test(listener, Number(listener.place.replace('port ', '')));
  } finally {
    listener.server.close();
  }
}

function addressOf(listener: Listener): string {
  const address = listener.server.address();
  return typeof address === 'object' && address !== null ? address.address : String(address);
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
      await assert.rejects(
        listenTcp(tcp(`127.0.0.1:${port}`)),
        isStartError(/^Can't bind address: Address already in use\.$/),
      );
    });
  });

  it('says that an address is not of this machine', async () => {
    await assert.rejects(
      listenTcp(tcp('192.0.2.1:0')),
      isStartError(/^Can't bind address: Cannot assign requested/),
    );
  });

  it('says that a name is unknown', async () => {
    await assert.rejects(
      listenTcp(tcp('no.such.host.invalid:0')),
      isStartError(/^no\.such.*: cannot resolve name: ./),
    );
  });
});

describe('cli: Unix domain sockets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outstep-'));
  after(() => rmSync(folder, { recursive: true }));

  it('replaces a socket that was left behind, but not one that is served', async () => {
    const path = join(folder, 'socket');
    const abandoned = await listenUnix({ kind: 'unix', path });
    await assert.rejects(listenUnix({ kind: 'unix', path }), isStartError(/Address already in use/));
    // A second name keeps the file when the server removes the first.
    linkSync(path, `${path}.left`);
    abandoned.server.close();
    const listener = await listenUnix({ kind: 'unix', path: `${path}.left` });
    assert.equal(listener.place, `${path}.left`);
    listener.server.close();
  });

  it('does not touch other files', async () => {
    await assert.rejects(listenUnix({ kind: 'unix', path: folder }), isStartError(/Address already in use/));
  });
});

describe('cli: queue of clients', () => {
  async function withQueue(test: (queue: ClientQueue, port: number) => Promise<void>): Promise<void> {
    await withListener('127.0.0.1:0', async (listener, port) => test(new ClientQueue(listener.server), port));
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
        value.resume();
        const [chunk] = await bounded(once(value, 'data'), 5000, () => text);
        assert.equal(String(chunk), text);
        client.destroy();
        value.destroy();
      }
      queue.close();
      assert.equal((await clients.next()).done, true);
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
      const second = await connected(port);
      second.on('error', () => undefined);
      queue.close();
      second.resume();
      await bounded(once(second, 'close'), 5000, () => 'the second client is sent away');
      assert.equal(served?.destroyed, false);
      first.destroy();
      served?.destroy();
    });
  });
});
