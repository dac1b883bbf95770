/** Long work on one server: what it has in use stays what it was, and so does the program. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { RspClient, type StopEvent } from '../../src/client/index.js';
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
import { cycles, isLongRun, quickCycles, soakLimitMs } from './cycles.js';
import { ResourceProbe } from './server-resources.js';

/** Less than any table that grows with each of a thousand cycles. */
const mostHeldGrowthBytes = 1024 * 1024;
/** The C library and V8's compilers keep some of what they free. */
const mostOtherGrowthBytes = 16 * 1024 * 1024;
/** Until every path has been taken and compiled. */
const fewestWarmUpCycles = 20;
const mostThreads = 64;
/** Ten thousand in the long run. */
const attachCycles = isLongRun ? quickCycles : cycles;
/** GDB's number. */
const sigchld = '14';
const reply = { timeoutMs: 60_000 };

interface Soaked {
  readonly client: RspClient;
  /** Does `cycle` again and again; afterwards the server must have in use what it had after the first few. */
  readonly soak: (cycle: () => Promise<void>, times?: number) => Promise<void>;
}

async function withServer(test: (soaked: Soaked) => Promise<void>): Promise<void> {
  using probe = new ResourceProbe();
  await using server = await DebugServer.start(['--multi', 'localhost:0'], { env: probe.environment });
  await using client = await RspClient.connect({ port: server.port });
  await client.request(`QPassSignals:${sigchld};`);
  const soak = async (cycle: () => Promise<void>, times = cycles): Promise<void> => {
    const warmUp = Math.max(fewestWarmUpCycles, Math.ceil(times / 10));
    for (let done = 0; done < warmUp; done++) await cycle();
    const before = await probe.ask(server.process.pid);
    for (let done = warmUp; done < times; done++) await cycle();
    const after = await probe.ask(server.process.pid);
    assert.equal(after.descriptors, before.descriptors);
    assert.equal(after.threads, before.threads);
    const held = after.heldBytes - before.heldBytes;
    assert.ok(held < mostHeldGrowthBytes, `the server holds ${held} bytes more`);
    const other = after.otherBytes - before.otherBytes;
    assert.ok(other < mostOtherGrowthBytes, `native code holds ${other} bytes more`);
  };
  await test({ client, soak });
}

async function run(client: RspClient, program: string, ...args: readonly string[]): Promise<void> {
  const stop = await client.processes.run(program, { args, ...reply });
  assert.ok(stop?.kind === 'signal' && stop.signal === 5, stop?.kind);
}

/** Lets everything run, without a step off breakpoints first: going past them is the server's work. */
async function goOn(client: RspClient): Promise<StopEvent> {
  const stop = client.nextStop(reply);
  await client.resume();
  return stop;
}

async function expectHit(client: RspClient): Promise<void> {
  const stop = await goOn(client);
  assert.ok(stop.kind === 'signal' && stop.reason?.kind === 'swbreak', stop.kind);
}

/** Pending, blocked, ignored and handled signals of each thread, as /proc has them. */
function signalSetsOf(pid: number): readonly string[] {
  return threadsOf(pid).map((tid) => {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
    return (status.match(/^(?:SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt):.*$/gm) ?? []).join(' ');
  });
}

/** Address of a symbol of a position-independent program that runs, or that the kernel has just loaded. */
function addressOf(pid: number, program: string, symbol: string): bigint {
  const [first] = mappingsOf(pid).filter(({ path }) => path === program);
  assert.ok(first);
  return first.start + symbolValue(program, symbol);
}

async function currentPid(client: RspClient): Promise<number> {
  const [thread] = await client.threads();
  assert.ok(thread?.id.pid);
  return thread.id.pid;
}

async function setBreakpoints(client: RspClient, pid: number, program: string, symbols: readonly string[]) {
  for (const symbol of symbols) await client.breakpoints.set(addressOf(pid, program, symbol));
}

describe('soak', function () {
  this.timeout(soakLimitMs);

  it('a program is run to a breakpoint and killed, again and again', function () {
    skipOnGnuServer(this, 'memory is compared for ours only');
    return withServer(async ({ client, soak }) => {
      const program = await compileFixture('hot-threads');
      await soak(async () => {
        await run(client, program, '4', '100');
        const pid = await currentPid(client);
        await setBreakpoints(client, pid, program, ['hot']);
        await expectHit(client);
        await client.processes.kill(pid);
      });
    });
  });

  it('a program of 64 threads is attached to and let go, again and again', function () {
    skipOnGnuServer(this, 'memory is compared for ours only');
    return withServer(async ({ client, soak }) => {
      const program = await compileFixture('spinner');
      using spinner = startOrphan(program, [String(mostThreads)]);
      await eventually('every thread runs', () => threadsOf(spinner.pid).length === mostThreads);
      const text = executableText(spinner.pid);
      const mapped = mappingsOf(spinner.pid).length;
      const signals = signalSetsOf(spinner.pid);
      await soak(async () => {
        assert.equal((await client.processes.attach(spinner.pid, reply))?.kind, 'signal');
        await setBreakpoints(client, spinner.pid, program, ['tick']);
        await expectHit(client);
        await expectHit(client);
        await client.processes.detach(spinner.pid);
        assert.equal(tracerOf(spinner.pid), 0);
      }, attachCycles);
      assert.deepEqual(signalSetsOf(spinner.pid), signals);
      assert.ok(isSameText(spinner.pid, text));
      assert.equal(mappingsOf(spinner.pid).length, mapped);
      assert.equal(threadsOf(spinner.pid).length, mostThreads);
    });
  });

  for (const kind of ['fork', 'vfork', 'clone']) {
    it(`a storm of ${kind}s passes with a breakpoint set`, function () {
      skipOnGnuServer(this, 'memory is compared for ours only');
      return withServer(async ({ client, soak }) => {
        const program = await compileFixture('storms');
        const rounds = 4;
        await soak(async () => {
          await run(client, program, kind, String(rounds));
          const pid = await currentPid(client);
          await setBreakpoints(client, pid, program, ['work']);
          // Threads are told of; the children of a client that did not ask for them run without breakpoints.
          const hits = kind === 'clone' ? rounds * 16 : 0;
          for (let hit = 0; hit < hits; hit++) await expectHit(client);
          assert.equal((await goOn(client)).kind, 'exited');
        });
      });
    });
  }
});
