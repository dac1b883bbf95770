/** What becomes of a program whose client is lost, or wants it killed: as the user has said. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { pid } from '../../../src/base/ids.js';
import type { ServerConfig } from '../../../src/engines/gdb/server-config.js';
import { symbolValue } from '../../core/traced-program.js';
import { breakpointKind } from '../../support/machine-registers.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, isSameBytes, processState, tracerOf } from '../../support/proc-files.js';
import { bytesAt } from '../../support/raw-memory.js';
import { compileFixed, newServer } from './traced-session.js';
import { WireClient } from './wire-client.js';

type Attached = Awaited<ReturnType<typeof attach>>;

async function attach(config: Partial<ServerConfig>, tokens: string | undefined) {
  const path = await compileFixed('hot-threads');
  const program = startOrphan(path, ['2', '1000000000']);
  const { server, lines } = newServer({ multi: true, ...config });
  await server.attach(pid(program.pid));
  const client = new WireClient(server);
  await client.greet(tokens);
  await client.request('!');
  assert.match(await client.request('?'), /^T/);
  return { program, server, lines, client, path };
}

async function withAttached(
  config: Partial<ServerConfig>,
  test: (attached: Attached) => Promise<void>,
  tokens?: string,
): Promise<void> {
  const attached = await attach(config, tokens);
  try {
    await test(attached);
  } finally {
    attached.server.dispose();
    attached.program[Symbol.dispose]();
  }
}

function isGone(id: number): boolean {
  try {
    return processState(id) === 'Z';
  } catch {
    return true;
  }
}

describe('gdb session: a program whose client is lost', () => {
  it('stays stopped, unless something else was said', () =>
    withAttached({}, async ({ client, program }) => {
      client.session.closed();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(processState(program.pid), 't');
    }));

  it('runs on untraced with onDisconnect detach', () =>
    withAttached({ onDisconnect: 'detach' }, async ({ client, program, lines }) => {
      client.session.closed();
      await eventually('it is let go', () => tracerOf(program.pid) === 0);
      assert.match(processState(program.pid), /[RS]/);
      assert.ok(lines.includes(`The client is lost: detaching from process ${program.pid}`));
    }));

  it('runs on untraced also when the client is lost while it attaches', async () => {
    const path = await compileFixed('hot-threads');
    using program = startOrphan(path, ['2', '1000000000']);
    const { server, lines } = newServer({ multi: true, onDisconnect: 'detach' });
    try {
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      client.send(`vAttach;${program.pid.toString(16)}`);
      client.session.closed();
      const said = `The client is lost: detaching from process ${program.pid}`;
      await eventually('it is let go', () => lines.includes(said) && tracerOf(program.pid) === 0);
    } finally {
      server.dispose();
    }
  });

  for (const lost of [0, 1])
    it(`runs on untraced also when two clients attach at the same time, and number ${lost + 1} is lost first`, async () => {
      const path = await compileFixed('hot-threads');
      using program = startOrphan(path, ['2', '1000000000']);
      const { server, lines } = newServer({ multi: true, onDisconnect: 'detach' });
      try {
        const clients = [new WireClient(server), new WireClient(server)];
        for (const client of clients) {
          await client.greet();
          await client.request('!');
        }
        for (const client of clients) client.send(`vAttach;${program.pid.toString(16)}`);
        const [first, second] = lost === 0 ? clients : clients.toReversed();
        first?.session.closed();
        assert.match((await second?.reply()) ?? '', /^T/);
        second?.session.closed();
        await eventually('it is let go', () => tracerOf(program.pid) === 0);
        assert.equal(lines.filter((line) => line === `Attached; pid = ${program.pid}`).length, 1);
      } finally {
        server.dispose();
      }
    });

  for (const leave of ['is lost', 'detaches'])
    it(`has the instruction under a breakpoint still before it when a client without swbreak ${leave}`, () =>
      withAttached(
        { onDisconnect: 'detach' },
        async ({ client, program, path }) => {
          const hot = symbolValue(path, 'hot').toString(16);
          assert.equal(await client.request(`Z0,${hot},${breakpointKind}`), 'OK');
          assert.match(await client.request('vCont;c'), /^T05/);
          if (leave === 'is lost') client.session.closed();
          else assert.equal(await client.request(`D;${program.pid.toString(16)}`), 'OK');
          await eventually('it is let go', () => tracerOf(program.pid) === 0);
          const calls = symbolValue(path, 'calls');
          const before = bytesAt(program.pid, calls, 8);
          await eventually('it runs', () => !isSameBytes(bytesAt(program.pid, calls, 8), before));
        },
        'multiprocess+',
      ));

  it('is killed with onDisconnect kill', () =>
    withAttached({ onDisconnect: 'kill' }, async ({ client, program, lines }) => {
      client.session.closed();
      await eventually('it is gone', () => isGone(program.pid));
      assert.ok(lines.includes(`The client is lost: killing process ${program.pid}`));
    }));

  it('is stopped with onDisconnect stop, though it was running', () =>
    withAttached({ onDisconnect: 'stop' }, async ({ client, program, server }) => {
      client.send('vCont;c');
      await eventually('it runs', () => /[RS]/.test(processState(program.pid)));
      client.session.closed();
      await eventually('it is stopped', () => processState(program.pid) === 't');
      const next = new WireClient(server);
      await next.greet();
      assert.match(await next.request('?'), /^T/);
    }));

  it('is let go in the place of being killed with onClientKill detach, which is said', () =>
    withAttached({ onClientKill: 'detach' }, async ({ client, program, lines }) => {
      assert.equal(await client.request(`vKill;${program.pid.toString(16)}`), 'OK');
      assert.equal(tracerOf(program.pid), 0);
      assert.match(processState(program.pid), /[RS]/);
      assert.ok(lines.some((line) => line.startsWith(`The client wants process ${program.pid} killed;`)));
    }));

  it('is killed all the same where it was started', async () => {
    const { server } = newServer({ multi: true, onClientKill: 'detach' });
    try {
      await server.launch(await compileFixed('stepping'), []);
      const [started] = server.tracer.processes.keys();
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      assert.equal(await client.request(`vKill;${started?.toString(16)}`), 'OK');
      assert.ok(isGone(started ?? 0));
    } finally {
      server.dispose();
    }
  });
});
