/** Faults of the server itself in the middle of a session: its client is sent away, and the server goes on. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'mocha';
import { createSandbox } from 'sinon';
import { parseComm } from '../../src/cli/comm.js';
import { openEndpoint } from '../../src/cli/endpoint.js';
import { PacketWriter } from '../../src/engines/gdb/output.js';
import { RepeatedPackets } from '../../src/engines/gdb/repeated-packets.js';
import type { GdbServer } from '../../src/engines/gdb/server.js';
import { GdbSession } from '../../src/engines/gdb/session.js';
import { symbolValue } from '../core/traced-program.js';
import { compileFixed, newServer } from '../engines/gdb/traced-session.js';
import { bounded } from '../support/bounded.js';
import { breakpointKind } from '../support/machine-registers.js';
import { connectRaw } from '../support/raw-client.js';
import { bytesAt, trap } from '../support/raw-memory.js';

const faults = createSandbox();
const fault = new Error('this cannot be');
const timeoutMs = 20_000;

function thrown(): never {
  throw fault;
}

/** What goes wrong, and the packet behind which it does. */
const cases: readonly { readonly where: string; readonly packet: string; readonly provoke: () => unknown }[] =
  [
    {
      where: 'when a packet is taken up',
      packet: 'qC',
      provoke: () => faults.stub(RepeatedPackets.prototype, 'begin').callsFake(thrown),
    },
    {
      where: 'when a reply is written',
      packet: 'qC',
      provoke: () => faults.stub(PacketWriter.prototype, 'reply').callsFake(thrown),
    },
    {
      where: 'when a late reply is written',
      packet: 'QNonStop:0',
      provoke: () => faults.stub(PacketWriter.prototype, 'reply').callsFake(thrown),
    },
    {
      where: 'when a stop reply is written',
      packet: 'vCont;s',
      provoke: () => faults.stub(PacketWriter.prototype, 'reply').callsFake(thrown),
    },
    {
      where: 'before the session is given what has come',
      packet: 'qC',
      provoke: () => faults.stub(GdbSession.prototype, 'mayRepeat').get(thrown),
    },
    {
      where: 'when the next packet is waited for',
      packet: 'qC',
      provoke: () => faults.stub(GdbSession.prototype, 'isQuiet').get(thrown),
    },
  ];

interface Scene {
  readonly server: GdbServer;
  readonly lines: readonly string[];
  readonly clients: AsyncIterator<{ serve(server: GdbServer): { readonly gone: Promise<void> } }>;
  readonly port: number;
  readonly pid: number;
  readonly site: bigint;
}

async function withServer(isOnce: boolean, test: (scene: Scene) => Promise<void>): Promise<void> {
  const path = await compileFixed('counting-loop');
  const { server, lines } = newServer({ once: isOnce });
  const endpoint = await openEndpoint(parseComm('localhost:0'));
  try {
    await server.launch(path, ['0']);
    const [traced] = server.tracer.processes.values();
    assert.ok(traced);
    const port = endpoint.place !== undefined && 'port' in endpoint.place ? endpoint.place.port : 0;
    const clients = endpoint.clients[Symbol.asyncIterator]();
    await test({ server, lines, clients, port, pid: traced.pid, site: symbolValue(path, 'count') });
  } finally {
    faults.restore();
    endpoint.close();
    server.dispose();
  }
}

/** A client sets a breakpoint, and the fault comes behind its next packet. */
async function suffer(
  { server, clients, port, pid, site }: Scene,
  fault: (typeof cases)[number],
): Promise<void> {
  const arrived = clients.next();
  using connection = await connectRaw({ port, host: '127.0.0.1' });
  const served = (await arrived).value.serve(server);
  assert.equal(await connection.client.request(`Z0,${site.toString(16)},${breakpointKind}`), 'OK');
  assert.deepEqual(bytesAt(pid, site), trap);
  fault.provoke();
  const closed = once(connection.socket, 'close');
  connection.client.send(fault.packet);
  await bounded(closed, timeoutMs, () => 'the end of the connection');
  await bounded(served.gone, timeoutMs, () => 'the end of the session');
  faults.restore();
}

describe('cli: faults of a session', () => {
  afterEach(() => faults.restore());

  for (const fault of cases) {
    it(`${fault.where} end it, and are told`, () =>
      withServer(false, async (scene) => {
        await suffer(scene, fault);
        assert.notDeepEqual(bytesAt(scene.pid, scene.site), trap);
        assert.equal(
          scene.lines.filter((line) => line.includes('this cannot be')).length,
          1,
          scene.lines.join('\n'),
        );
        const arrived = scene.clients.next();
        using next = await connectRaw({ port: scene.port, host: '127.0.0.1' });
        (await arrived).value.serve(scene.server);
        assert.match(await next.client.request('?'), /^T05/);
      }));
  }

  it('end the server that serves one client', () =>
    withServer(true, async (scene) => {
      const [fault] = cases;
      assert.ok(fault);
      await suffer(scene, fault);
      assert.equal(await bounded(scene.server.finished, timeoutMs, () => 'the end of the server'), 0);
    }));
});
