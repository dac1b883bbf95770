/**
 * Long work on one server: what it has in use stays what it was, and so does the program. OUTSTEP_SOAK_CYCLES sets how
 * often everything is done; `npm run soak` does it a thousand times.
 */
import assert from 'node:assert/strict';
import process from 'node:process';
import { hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { RspClient } from '../../src/client/index.js';
import { symbolValue } from '../core/traced-program.js';
import { DebugServer, skipOnGnuServer } from '../support/debug-server.js';
import { compileFixture } from '../support/fixture.js';
import { startOrphan } from '../support/orphan.js';
import {
  eventually,
  executableText,
  isSameText,
  mappingsOf,
  threadsOf,
  tracerOf,
} from '../support/proc-files.js';
import { MemoryCurve, resourcesOf } from './server-resources.js';

const cycles = Number(process.env.OUTSTEP_SOAK_CYCLES ?? 60);
/** Less than any table that grows with each of a thousand cycles. */
const mostGrowthBytes = 6 * 1024 * 1024;
const mostThreads = 64;
/** GDB's number. */
const sigchld = '14';
const reply = { timeoutMs: 60_000 };

async function withServer(test: (client: RspClient, server: DebugServer) => Promise<void>): Promise<void> {
  await using server = await DebugServer.start(['--multi', 'localhost:0']);
  await using client = await RspClient.connect({ port: server.port });
  await client.request('!');
  await client.request(`QPassSignals:${sigchld};`);
  await test(client, server);
}

/** Does `cycle` again and again; afterwards the server must have in use what it had after the first few. */
async function soak(server: DebugServer, cycle: () => Promise<void>): Promise<void> {
  const memory = new MemoryCurve();
  const warmUp = Math.ceil(cycles / 10);
  for (let done = 0; done < warmUp; done++) await cycle();
  const before = resourcesOf(server.process.pid);
  for (let done = warmUp; done < cycles; done++) {
    await cycle();
    memory.add(resourcesOf(server.process.pid).residentBytes);
  }
  const after = resourcesOf(server.process.pid);
  assert.equal(after.descriptors, before.descriptors);
  assert.equal(after.threads, before.threads);
  assert.ok(memory.growthBytes < mostGrowthBytes, `the server has grown by ${memory.growthBytes} bytes`);
}

async function run(client: RspClient, program: string, ...args: readonly string[]): Promise<void> {
  const words = [program, ...args].map(hexOfText).join(';');
  assert.match(await client.request(`vRun;${words}`, reply), /^T05/);
}

/** Address of a symbol of a position-independent program that runs, or that the kernel has just loaded. */
function addressOf(pid: number, program: string, symbol: string): bigint {
  const [first] = mappingsOf(pid).filter(({ path }) => path === program);
  assert.ok(first);
  return first.start + symbolValue(program, symbol);
}

async function currentPid(client: RspClient): Promise<number> {
  const [thread] = await client.threads();
  assert.ok(thread?.pid);
  return thread.pid;
}

async function setBreakpoints(client: RspClient, pid: number, program: string, symbols: readonly string[]) {
  for (const symbol of symbols) await client.setBreakpoint(addressOf(pid, program, symbol));
}

describe('soak', function () {
  this.timeout(1_800_000);

  it('a program is run to a breakpoint and killed, again and again', function () {
    skipOnGnuServer(this, 'memory is compared for ours only');
    return withServer(async (client, server) => {
      const program = await compileFixture('hot-threads');
      await soak(server, async () => {
        await run(client, program, '4', '100');
        const pid = await currentPid(client);
        await setBreakpoints(client, pid, program, ['hot']);
        assert.match(await client.request('vCont;c', reply), /^T05.*swbreak/);
        await client.kill(pid);
      });
    });
  });

  it('a program of 64 threads is attached to and let go, again and again', function () {
    skipOnGnuServer(this, 'memory is compared for ours only');
    return withServer(async (client, server) => {
      const program = await compileFixture('spinner');
      using spinner = startOrphan(program, [String(mostThreads)]);
      await eventually('every thread runs', () => threadsOf(spinner.pid).length === mostThreads);
      const text = executableText(spinner.pid);
      const mapped = mappingsOf(spinner.pid).length;
      await soak(server, async () => {
        assert.match(await client.request(`vAttach;${spinner.pid.toString(16)}`, reply), /^T/);
        await setBreakpoints(client, spinner.pid, program, ['tick']);
        assert.match(await client.request('vCont;c', reply), /^T05.*swbreak/);
        assert.match(await client.request('vCont;c', reply), /^T05.*swbreak/);
        await client.detach(spinner.pid);
        assert.equal(tracerOf(spinner.pid), 0);
      });
      assert.ok(isSameText(spinner.pid, text));
      assert.equal(mappingsOf(spinner.pid).length, mapped);
      assert.equal(threadsOf(spinner.pid).length, mostThreads);
    });
  });

  for (const kind of ['fork', 'vfork', 'clone']) {
    it(`a storm of ${kind}s passes with a breakpoint set`, function () {
      skipOnGnuServer(this, 'memory is compared for ours only');
      return withServer(async (client, server) => {
        const program = await compileFixture('storms');
        const rounds = 4;
        await soak(server, async () => {
          await run(client, program, kind, String(rounds));
          const pid = await currentPid(client);
          await setBreakpoints(client, pid, program, ['work']);
          // Threads are told of; the children of a client that did not ask for them run without breakpoints.
          const hits = kind === 'clone' ? rounds * 16 : 0;
          for (let hit = 0; hit < hits; hit++)
            assert.match(await client.request('vCont;c', reply), /^T05.*swbreak/);
          assert.match(await client.request('vCont;c', reply), /^W00/);
        });
      });
    });
  }
});
