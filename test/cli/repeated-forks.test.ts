/** Forks of which a client is told and whose children it lets go, over and over: nobody can tell who answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, it } from 'mocha';
import { createSandbox } from 'sinon';
import { parseComm } from '../../src/cli/comm.js';
import { openEndpoint } from '../../src/cli/endpoint.js';
import type { GdbServer } from '../../src/engines/gdb/server.js';
import { symbolValue } from '../core/traced-program.js';
import { compileFixed, newServer } from '../engines/gdb/traced-session.js';
import { gdbTokens, WireClient } from '../engines/gdb/wire-client.js';
import { bounded } from '../support/bounded.js';
import { DebugServer } from '../support/debug-server.js';
import { tracerOf } from '../support/proc-files.js';
import { connectRaw } from '../support/raw-client.js';
import { bytesAt, trap } from '../support/raw-memory.js';
import { asGdb, ForkClient } from './fork-client.js';
import type { ForkWork } from './fork-worker.js';

const spies = createSandbox();
const childrenPerRound = 16;
const timeoutMs = 20_000;
const rounds = 20;
/** Forks before something else is done: what comes again is known by then. */
const usualForks = 20;

interface Scene {
  readonly server: DebugServer;
  readonly client: ForkClient;
  readonly work: bigint;
  disconnect(): void;
}

/** A program that makes 16 children a round, each of which runs over the client's breakpoint when it has it. */
async function withForks(
  rounds: number,
  test: (scene: Scene) => Promise<void>,
  args: (path: string) => readonly string[] = (path) => ['localhost:0', path, 'fork', String(rounds)],
): Promise<void> {
  const path = await compileFixed('storms', ['-pthread']);
  const work = symbolValue(path, 'work');
  await using server = await DebugServer.start(args(path));
  using connection = await connectRaw({ port: server.port, host: '127.0.0.1' });
  const client = await ForkClient.of(connection, work);
  assert.equal(await client.ask('Z0,WORK,KIND'), 'OK');
  await test({ server, client, work, disconnect: () => void connection.socket.destroy() });
}

interface ServerScene {
  readonly server: GdbServer;
  /** What it said on its terminal. */
  readonly lines: readonly string[];
  readonly port: number;
  readonly work: bigint;
}

/** As `withForks`, with the server in this thread; the first client that connects is served. */
async function withServer(rounds: number, test: (scene: ServerScene) => Promise<void>): Promise<void> {
  const path = await compileFixed('storms', ['-pthread']);
  const { server, lines } = newServer();
  const endpoint = await openEndpoint(parseComm('localhost:0'));
  try {
    await server.launch(path, ['fork', String(rounds)]);
    const arrived = endpoint.clients[Symbol.asyncIterator]().next();
    void arrived.then(({ value }) => value.serve(server));
    const port = endpoint.place !== undefined && 'port' in endpoint.place ? endpoint.place.port : 0;
    await test({ server, lines, port, work: symbolValue(path, 'work') });
  } finally {
    endpoint.close();
    server.dispose();
  }
}

/** With a breakpoint left in it a child dies of it, and the program exits with 1. */
async function toEnd(client: ForkClient, forks: number, status = 0): Promise<void> {
  await client.letGo(forks);
  assert.equal(await client.ask('vCont;c'), `W0${status};process:${client.parent}`);
}

/** What a client may decide to do at a fork and until the next one, and the number of its forks. */
const decisions: readonly { readonly packets: readonly string[]; readonly forks: number }[] = [
  { packets: ['vCont;c', 'D;CHILD', 'vCont;c', 'D;CHILD', 'vCont;c', 'D;CHILD'], forks: 3 },
  { packets: ['vCont;c', ...asGdb, 'D;CHILD', 'vCont;c', ...asGdb, 'D;CHILD'], forks: 2 },
  { packets: ['vCont;c', 'HgpCHILD.CHILD', 'mWORK,4', 'p10', 'HgpPARENT.PARENT', 'p7', 'D;CHILD'], forks: 1 },
  { packets: ['vCont;c', '?', 'HgpCHILD.CHILD', 'qC', 'D;CHILD', 'HgpPARENT.PARENT'], forks: 1 },
  { packets: ['vCont;c', 'HgpCHILD.CHILD', 'D;CHILD', 'qC', 'HgpPARENT.PARENT'], forks: 1 },
  {
    packets: ['vCont;c', 'HgpCHILD.CHILD', 'z0,WORK,KIND', 'Z0,WORK,KIND', 'HgpPARENT.PARENT', 'D;CHILD'],
    forks: 1,
  },
  { packets: ['vCont;c', 'z0,WORK,KIND', 'D;CHILD', 'vCont;c', 'D;CHILD', 'Z0,WORK,KIND'], forks: 2 },
  { packets: ['vCont;c', 'qfThreadInfo', 'qsThreadInfo', 'D;CHILD', 'p10', 'qfThreadInfo'], forks: 1 },
  { packets: ['vCont;c', 'D;CHILD', 'D;CHILD', 'TpCHILD.CHILD', 'D;1', 'mWORK,4'], forks: 1 },
  { packets: ['QPassSignals:14;e', 'vCont;c', 'Hgp0.0', 'D;CHILD'], forks: 1 },
];

describe('cli: repeated forks', () => {
  afterEach(() => spies.restore());

  for (const { how, about } of [
    { how: 'at once', about: [] },
    { how: 'as gdb does, without its breakpoints', about: asGdb },
  ]) {
    it(`are answered before the session hears of them: children let go ${how}`, () =>
      withServer(rounds, async ({ server, lines, port, work }) => {
        const detach = spies.spy(server, 'detach');
        const forks = rounds * childrenPerRound;
        const workerData: ForkWork = { port, work, forks, about };
        const worker = new Worker(new URL('./fork-worker.js', import.meta.url), { workerData });
        const [end] = await bounded(once(worker, 'message'), timeoutMs, () => 'the end of the program');
        assert.match(end, /^W00;/);
        const said = lines.filter((line) => line.startsWith('Detaching from process'));
        assert.equal(said.length, forks);
        assert.ok(detach.callCount < forks, 'none was');
      }));
  }

  it('are answered as each for itself is', () =>
    withForks(30, async ({ client: fast }) =>
      withForks(30, async ({ client: slow }) => {
        let forks = 0;
        for (let turn = 0; forks < 27 * childrenPerRound; turn++) {
          const decision = decisions[(turn * turn + (turn >> 3)) % decisions.length];
          assert.ok(decision);
          forks += decision.forks;
          for (const [index, packet] of decision.packets.entries()) {
            // What is asked together with something else is the session's.
            const expected = (await slow.askAll([packet, 'qC']))[0] ?? '';
            const told =
              (turn + index) % 7 === 0 ? await fast.askAll([packet, 'qC']) : [await fast.ask(packet)];
            assert.equal(fast.withoutIds(told[0] ?? ''), slow.withoutIds(expected), `${packet} at ${turn}`);
          }
        }
        await toEnd(slow, 30 * childrenPerRound - forks);
        await toEnd(fast, 30 * childrenPerRound - forks);
      }),
    ));

  it('go on until the program ends, and each child runs without our breakpoints', () =>
    withForks(10, async ({ client, server }) => {
      await client.letGo(10, asGdb);
      await toEnd(client, 10 * childrenPerRound - 10);
      await server.output.match(
        new RegExp(`Detaching from process ${client.childPid}\n[\\s\\S]*Child exited`),
      );
    }));

  it('leave a child that the client looks at as it is', () =>
    withForks(4, async ({ client, work }) => {
      const before = await client.ask('mWORK,4');
      await client.letGo(usualForks, asGdb);
      await client.toFork();
      assert.equal(await client.ask('HgpCHILD.CHILD'), 'OK');
      assert.equal(await client.ask('mWORK,4'), before);
      assert.deepEqual(bytesAt(client.childPid, work), trap);
      assert.equal(tracerOf(client.childPid), tracerOf(Number.parseInt(client.parent, 16)));
      assert.equal(
        await client.ask('qfThreadInfo'),
        `mp${client.parent}.${client.parent},p${client.child}.${client.child}`,
      );
      assert.equal(await client.ask('z0,WORK,KIND'), 'OK');
      assert.notDeepEqual(bytesAt(client.childPid, work), trap);
      assert.deepEqual(bytesAt(Number.parseInt(client.parent, 16), work), trap);
      assert.equal(await client.ask('HgpPARENT.PARENT'), 'OK');
      assert.equal(await client.ask('D;CHILD'), 'OK');
      await toEnd(client, 4 * childrenPerRound - usualForks - 1);
    }));

  it('let a child run that is not let go', () =>
    withForks(2, async ({ client }) => {
      await client.letGo(usualForks);
      await client.toFork();
      assert.match(
        await client.ask('vCont;c:pCHILD.-1'),
        new RegExp(`^T05thread:p${client.child}\\..*swbreak`),
      );
      assert.equal(await client.ask('z0,WORK,KIND'), 'OK');
      assert.equal(await client.ask('vCont;c:pCHILD.-1'), `W07;process:${client.child}`);
      await toEnd(client, 2 * childrenPerRound - usualForks - 1);
    }));

  it('let a child be killed', () =>
    withForks(2, async ({ client }) => {
      await client.letGo(usualForks);
      await client.toFork();
      assert.equal(await client.ask('vKill;CHILD'), 'OK');
      await toEnd(client, 2 * childrenPerRound - usualForks - 1, 1);
    }));

  it('let a child be let go that something else has killed', () =>
    withForks(2, async ({ client }) => {
      await client.letGo(usualForks);
      await client.toFork();
      process.kill(client.childPid, 'SIGKILL');
      assert.equal(await client.ask('D;CHILD'), 'OK');
      await toEnd(client, 2 * childrenPerRound - usualForks - 1, 1);
    }));

  it('tell of the end of the program, be it between a fork and the end of its child', () =>
    withForks(2, async ({ client }) => {
      await client.letGo(usualForks);
      await client.toFork();
      process.kill(Number.parseInt(client.parent, 16), 'SIGKILL');
      assert.equal(await client.ask('D;CHILD'), 'OK');
      assert.equal(await client.ask('vCont;c'), `X09;process:${client.parent}`);
    }));

  it('have the breakpoints that were put in and taken out in between', () =>
    withForks(4, async ({ client }) => {
      await client.letGo(usualForks, asGdb);
      assert.equal(await client.ask('z0,WORK,KIND'), 'OK');
      await client.letGo(usualForks);
      await client.toFork();
      assert.equal(await client.ask('Z0,WORK,KIND'), 'OK');
      assert.equal(await client.ask('D;CHILD'), 'OK');
      await client.letGo(1, asGdb);
      await client.toFork();
      // Of the parent: its child has it still.
      assert.equal(await client.ask('z0,WORK,KIND'), 'OK');
      assert.match(
        await client.ask('vCont;c:pCHILD.-1'),
        new RegExp(`^T05thread:p${client.child}\\..*swbreak`),
      );
      assert.equal(await client.ask('D;CHILD'), 'OK');
      await toEnd(client, 4 * childrenPerRound - 2 * usualForks - 3);
    }));

  it('are told to a second client as well', () =>
    withServer(2, async ({ server, port, work }) => {
      using connection = await connectRaw({ port, host: '127.0.0.1' });
      const client = await ForkClient.of(connection, work);
      await client.letGo(usualForks);
      const second = new WireClient(server);
      await second.greet(`${gdbTokens};fork-events+`);
      await second.request('QPassSignals:14');
      second.send('vCont;c');
      // Who else is there.
      assert.match(await second.reply(), /^O/);
      await client.toFork();
      assert.match(await second.reply(), new RegExp(`;fork:p${client.child}\\.`));
      assert.equal(await client.ask('D;CHILD'), 'OK');
      assert.match(await second.request('qfThreadInfo'), new RegExp(`p${client.child}\\.`));
      assert.equal(await second.request(`D;${client.child}`), 'OK');
      assert.equal(await second.request(`D;${client.parent}`), 'OK');
      await toEnd(client, 2 * childrenPerRound - usualForks - 1);
    }));

  it('leave a told child with the server when the client is lost', () =>
    withForks(2, async ({ client, server, work, disconnect }) => {
      await client.letGo(usualForks);
      await client.toFork();
      const { child } = client;
      disconnect();
      await server.output.match(/Listening on port \d+\n[\s\S]*Listening on port/);
      using connection = await connectRaw({ port: server.port, host: '127.0.0.1' });
      const second = await ForkClient.of(connection, work);
      assert.match(await second.ask('qfThreadInfo'), new RegExp(`p${child}\\.`));
      assert.equal(await second.ask(`D;${child}`), 'OK');
      assert.equal(await second.ask(`HgpPARENT.PARENT`), 'OK');
      await toEnd(second, 2 * childrenPerRound - usualForks - 1);
    }));

  it('leave children that have the memory of their parent to the session', () =>
    withForks(
      10,
      async ({ client }) => toEnd(client, 10 * childrenPerRound),
      (path) => ['localhost:0', path, 'mixed', '10'],
    ));

  it('of a program that makes children in its own memory are told one by one', () =>
    withForks(
      2,
      async ({ client }) => {
        for (let child = 0; child < 2 * childrenPerRound; child++) {
          assert.match(await client.ask('vCont;c'), /;vfork:p/);
          assert.equal(await client.ask('D;CHILD'), 'OK');
          assert.match(await client.ask('vCont;c'), /;vforkdone:;/);
        }
        assert.equal(await client.ask('vCont;c'), `W00;process:${client.parent}`);
      },
      (path) => ['localhost:0', path, 'vfork', '2'],
    ));
});
