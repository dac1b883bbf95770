/** What comes in between while packets are answered in native code, and whether they are. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { createSandbox } from 'sinon';
import { parseComm } from '../../src/cli/comm.js';
import { openEndpoint } from '../../src/cli/endpoint.js';
import { GdbSession } from '../../src/engines/gdb/session.js';
import { symbolValue } from '../core/traced-program.js';
import { compileFixed, newServer } from '../engines/gdb/traced-session.js';
import { DebugServer } from '../support/debug-server.js';
import { breakpointKind } from '../support/machine-registers.js';
import { connectRaw } from '../support/raw-client.js';
import { bytesAt, trap } from '../support/raw-memory.js';
import { TestProcess } from '../support/test-process.js';
import { features, PlainClient } from './plain-client.js';

const spies = createSandbox();
const mostTurns = 10_000;
const mostRounds = 100;

/** Past the breakpoint and to it again, as GDB does it. */
interface Cycle {
  readonly remove: string;
  readonly step: string;
  readonly insert: string;
  readonly run: string;
}

function cycleAt(site: bigint, pid: number): Cycle {
  const [at, id] = [site.toString(16), pid.toString(16)];
  return {
    remove: `z0,${at},${breakpointKind}`,
    step: `vCont;s:p${id}.${id}`,
    insert: `Z0,${at},${breakpointKind}`,
    run: 'vCont;c',
  };
}

interface Scene {
  readonly server: DebugServer;
  readonly client: PlainClient;
  readonly cycle: Cycle;
  readonly pid: number;
  readonly site: bigint;
  readonly path: string;
  /** So many rounds; the last stop. */
  goRound(times: number): Promise<string>;
  disconnect(): void;
}

/** A client at the breakpoint, everything learned. `args`: of the program, or how the server is told of one. */
async function withCycles(
  args: (path: string) => readonly string[],
  test: (scene: Scene) => Promise<void>,
): Promise<void> {
  const path = await compileFixed('counting-loop');
  await using server = await DebugServer.start(args(path));
  using connection = await connectRaw({ port: server.port, host: '127.0.0.1' });
  await connection.client.request(features);
  const stop = await connection.client.request('?');
  await connection.client.request('QStartNoAckMode');
  const pid = Number.parseInt(/thread:p([0-9a-f]+)\./.exec(stop)?.[1] ?? '', 16);
  const site = symbolValue(path, 'count');
  const cycle = cycleAt(site, pid);
  const client = new PlainClient(connection);
  const ask = async (packet: string): Promise<string> => (await client.ask([packet]))[0] ?? '';
  const goRound = async (times: number): Promise<string> => {
    let last = '';
    for (let round = 0; round < times && !/^[WX]/.test(last); round++) {
      assert.equal(await ask(cycle.remove), 'OK');
      await ask(cycle.step);
      assert.equal(await ask(cycle.insert), 'OK');
      last = await ask(cycle.run);
    }
    return last;
  };
  await client.ask([cycle.insert, cycle.run]);
  const disconnect = (): void => void connection.socket.destroy();
  await test({ server, client, cycle, pid, site, path, goRound, disconnect });
}

describe('cli: repeated packets', () => {
  afterEach(() => spies.restore());

  it('of steps and of the way past a breakpoint are answered before the session hears of them', async () => {
    const path = await compileFixed('counting-loop');
    const { server } = newServer();
    const endpoint = await openEndpoint(parseComm('localhost:0'));
    try {
      await server.launch(path, ['0']);
      const [traced] = server.tracer.processes.values();
      assert.ok(traced);
      const accept = spies.spy(server, 'accept');
      const receive = spies.spy(GdbSession.prototype, 'receive');
      const arrived = endpoint.clients[Symbol.asyncIterator]().next();
      const port = endpoint.place !== undefined && 'port' in endpoint.place ? endpoint.place.port : 0;
      using connection = await connectRaw({ port, host: '127.0.0.1' });
      (await arrived).value.serve(server);
      await connection.client.request(features);
      await connection.client.request('QStartNoAckMode');
      const client = new PlainClient(connection);
      const session = accept.firstCall.returnValue;
      const answered = (): number => receive.args.reduce((sum, [, count = 0]) => sum + count, 0);
      const { remove, step, insert, run } = cycleAt(symbolValue(path, 'count'), traced.pid);
      await client.ask([insert, run, remove, step, insert, run]);
      const packets = [remove, step, insert, run];
      const missing = new Set(packets);
      // A run that takes long is the session's, so not each packet need be answered each time.
      for (let round = 0; missing.size > 0; round++) {
        assert.ok(round < mostRounds, `never answered: ${[...missing].join(' ')}`);
        for (const packet of packets) {
          for (let turn = 0; !session.mayRepeat; turn++) {
            assert.ok(turn < mostTurns, `before ${packet}: the session does not let it be answered`);
            await setImmediate();
          }
          const before = answered();
          await client.ask([packet]);
          if (answered() === before + 1) missing.delete(packet);
        }
      }
    } finally {
      endpoint.close();
      server.dispose();
    }
  });

  it('go on until the program ends', () =>
    withCycles(
      (path) => ['localhost:0', path, '40'],
      async ({ goRound, pid }) => assert.equal(await goRound(60), `W07;process:${pid.toString(16)}`),
    ));

  it('end when the program is killed', () =>
    withCycles(
      (path) => ['localhost:0', path, '0'],
      async ({ goRound, client, cycle, pid }) => {
        await goRound(20);
        process.kill(pid, 'SIGKILL');
        const replies: string[] = [];
        for (let round = 0; !replies.at(-1)?.startsWith('X') && round < mostRounds; round++)
          for (const packet of [cycle.remove, cycle.step, cycle.insert, cycle.run])
            if (!replies.at(-1)?.startsWith('X')) replies.push(...(await client.ask([packet])));
        assert.equal(replies.at(-1), `X09;process:${pid.toString(16)}`, replies.join(' '));
      },
    ));

  it('tell of a signal that comes in between', () =>
    withCycles(
      (path) => ['localhost:0', path, '0'],
      async ({ goRound, client, cycle, pid }) => {
        await goRound(20);
        process.kill(pid, 'SIGUSR1');
        assert.match((await client.ask([cycle.remove, cycle.step]))[1] ?? '', /^T1e/);
        assert.match((await client.ask([cycle.insert, cycle.run]))[1] ?? '', /^T05.*swbreak/);
        assert.match(await goRound(20), /^T05.*swbreak/);
      },
    ));

  it('are right when there are more of them than are known', () =>
    withCycles(
      (path) => ['localhost:0', path, '0'],
      async ({ goRound, client, path, cycle }) => {
        const table = symbolValue(path, 'table');
        const sites = Array.from({ length: 70 }, (_, index) => (table + BigInt(index)).toString(16));
        for (let round = 0; round < 3; round++) {
          const packets = sites.flatMap((at) => [
            cycle.remove,
            `Z0,${at},${breakpointKind}`,
            cycle.insert,
            `z0,${at},${breakpointKind}`,
          ]);
          for (const packet of packets) assert.deepEqual(await client.ask([packet]), ['OK'], packet);
          assert.match(await goRound(3), /^T05.*swbreak/);
        }
        for (const at of sites) await client.ask([`Z0,${at},${breakpointKind}`]);
        assert.deepEqual(await client.ask([`m${sites[0]},46`]), ['00'.repeat(70)]);
        for (const at of sites) await client.ask([`z0,${at},${breakpointKind}`]);
        assert.match(await goRound(3), /^T05.*swbreak/);
      },
    ));

  it('leave no breakpoint behind when the client is lost', async () => {
    const path = await compileFixed('counting-loop');
    await using program = await TestProcess.start('program', [path, '0']);
    await withCycles(
      () => ['--attach', 'localhost:0', String(program.pid)],
      async ({ goRound, server, pid, site, disconnect }) => {
        await goRound(20);
        assert.deepEqual(bytesAt(pid, site), trap);
        disconnect();
        await server.output.match(/Listening on port \d+\n[\s\S]*Listening on port/);
        assert.notDeepEqual(bytesAt(pid, site), trap);
      },
    );
  });
});
