/** The client against GNU gdbserver: the reference that both ends are measured by. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { promisify } from 'node:util';
import type { StopReply } from 'gdb-js-rsp-parser';
import { before, describe, it } from 'mocha';
import { type ConnectOptions, RspClient } from '../../src/client/index.js';
import { compileFixture } from '../support/fixture.js';
import { TestProcess } from '../support/test-process.js';

const gdbserver = '/usr/bin/gdbserver';
const run = promisify(execFile);

/** Addresses of a program's symbols; it is linked to fixed ones. */
async function symbolsOf(program: string): Promise<(name: string) => bigint> {
  const { stdout } = await run('nm', [program]);
  const addresses = new Map(
    stdout.split('\n').map((line) => {
      const [address = '', , name = ''] = line.split(' ');
      return [name, address];
    }),
  );
  return (name) => {
    const address = addresses.get(name);
    assert.ok(address, `${program} has no symbol ${name}`);
    return BigInt(`0x${address}`);
  };
}

class Session implements AsyncDisposable {
  private constructor(
    readonly client: RspClient,
    readonly server: TestProcess,
  ) {}

  static async start(program: readonly string[], options: ConnectOptions = {}): Promise<Session> {
    const server = await TestProcess.start('gdbserver', [gdbserver, '--once', 'localhost:0', ...program]);
    try {
      const [, port] = await server.output.match(/Listening on port (\d+)/);
      return new Session(await RspClient.connect({ port: Number(port) }, options), server);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.server[Symbol.asyncDispose]();
  }
}

function expectSignal(stop: StopReply, signal: number): Extract<StopReply, { kind: 'signal' }> {
  assert.ok(stop.kind === 'signal', `a stop by a signal, not ${stop.kind}`);
  assert.equal(stop.signal, signal);
  return stop;
}

const trap = 5;
const interrupt = 2;

describe('client: GNU gdbserver', () => {
  let program = '';
  let symbol: (name: string) => bigint = () => 0n;

  before(async () => {
    program = await compileFixture('counting-loop', { flags: ['-no-pie'] });
    symbol = await symbolsOf(program);
  });

  for (const acknowledge of [false, true]) {
    it(`stops at a breakpoint ${acknowledge ? 'with' : 'without'} acknowledgements`, async () => {
      await using session = await Session.start([program, '3'], { acknowledge });
      const { client } = session;
      assert.equal(client.features().get('multiprocess'), true);
      await client.setBreakpoint(symbol('count'));
      const stop = expectSignal(await client.continue(), trap);
      assert.deepEqual(stop.reason, { kind: 'swbreak' });
      assert.equal(await client.readRegister('rip'), symbol('count'));
      assert.deepEqual(stop.thread, (await client.threads())[0]);
      expectSignal(await client.stopReason(), trap);
      await client.removeBreakpoint(symbol('count'));
      assert.deepEqual(await client.continue(), { kind: 'exited', code: 7, pid: stop.thread?.pid });
    });
  }

  it('steps instructions', async () => {
    await using session = await Session.start([program, '3']);
    const { client } = session;
    await client.setBreakpoint(symbol('count'));
    const { thread } = expectSignal(await client.continue(), trap);
    await client.removeBreakpoint(symbol('count'));
    const seen = new Set<bigint>();
    for (let step = 0; step < 5; step += 1) {
      expectSignal(step % 2 === 0 ? await client.step() : await client.step(thread), trap);
      seen.add(await client.readRegister('rip'));
    }
    assert.equal(seen.size, 5);
  });

  it('reads and writes registers', async () => {
    await using session = await Session.start([program, '3']);
    const { client } = session;
    const registers = await client.registers();
    assert.equal(registers.get('rip'), await client.readRegister('rip'));
    assert.ok(registers.has('eflags') && registers.has('xmm0') && registers.has('st0'));
    await client.writeRegister('r12', 0xfedc_ba98_7654_3210n);
    await client.writeRegister('xmm3', 2n ** 128n - 5n);
    const changed = await client.registers();
    assert.equal(changed.get('r12'), 0xfedc_ba98_7654_3210n);
    assert.equal(changed.get('xmm3'), 2n ** 128n - 5n);
    assert.equal(changed.get('r13'), registers.get('r13'));
    await assert.rejects(client.readRegister('no-such'), { code: 'RSP_NO_REGISTER' });
  });

  it('reads and writes memory of many packets, every byte value in it', async () => {
    await using session = await Session.start([program, '3']);
    const { client } = session;
    const bytes = Uint8Array.from({ length: 1 << 18 }, (_unused, index) => index ^ (index >> 8));
    await client.writeMemory(symbol('table'), bytes);
    assert.deepEqual(await client.readMemoryExact(symbol('table'), bytes.length), bytes);
    assert.deepEqual(await client.readMemory(symbol('counter'), 8), Uint8Array.of(100, 0, 0, 0, 0, 0, 0, 0));
    await assert.rejects(client.readMemory(0, 4), { code: 'RSP_REFUSED' });
  });

  it('stops when a variable is written', async () => {
    await using session = await Session.start([program, '3']);
    const { client } = session;
    await client.setBreakpoint(symbol('counter'), 'write');
    const { reason } = expectSignal(await client.continue(), trap);
    assert.deepEqual(reason, { kind: 'watch', address: symbol('counter') });
    assert.equal((await client.readMemory(symbol('counter'), 1))[0], 101);
    await client.removeBreakpoint(symbol('counter'), 'write');
    assert.equal((await client.continue()).kind, 'exited');
  });

  it('stops at a hardware breakpoint', async () => {
    await using session = await Session.start([program, '3']);
    const { client } = session;
    await client.setBreakpoint(symbol('count'), 'hardware');
    assert.deepEqual(expectSignal(await client.continue(), trap).reason, { kind: 'hwbreak' });
  });

  it('interrupts a program with several threads and reads each of them', async () => {
    await using session = await Session.start([program, '0', '2']);
    const { client } = session;
    await client.setBreakpoint(symbol('count'));
    const { thread } = expectSignal(await client.continue(), trap);
    await client.removeBreakpoint(symbol('count'));
    const stop = client.continue();
    client.interrupt();
    expectSignal(await stop, interrupt);
    const threads = await client.threads();
    assert.equal(threads.length, 3);
    const stacks = new Set<bigint>();
    for (const each of threads) {
      assert.equal(each.pid, thread?.pid);
      await client.selectThread(each);
      stacks.add(await client.readRegister('rsp'));
    }
    assert.equal(stacks.size, 3);
  });

  it('delivers a signal', async () => {
    await using session = await Session.start([program, '0']);
    const { client } = session;
    const terminate = 15;
    const end = await client.continue({ signal: terminate });
    assert.ok(end.kind === 'terminated' && end.signal === terminate);
  });

  it('kills', async () => {
    await using session = await Session.start([program, '0']);
    const { client, server } = session;
    const { thread } = expectSignal(await client.stopReason(), trap);
    await client.kill();
    const pid = thread?.pid;
    assert.ok(pid !== undefined);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await client.close();
    await server.waitForExit();
  });

  it('lets go of a program, which then ends by itself', async () => {
    await using session = await Session.start([program, '3']);
    await session.client.detach();
    await session.server.output.match(/Detaching from process/);
    await session.server.waitForExit();
  });

  it('runs commands of the server', async () => {
    await using session = await Session.start([program, '3']);
    assert.match(await session.client.monitor('help'), /set debug/);
  });

  it('gives any packet its reply', async () => {
    await using session = await Session.start([program, '3']);
    assert.equal(await session.client.request('vMustReplyEmpty'), '');
    assert.match(await session.client.request(new TextEncoder().encode('qC')), /^QCp/);
  });

  it('fails with the last packets when the program does not stop', async () => {
    await using session = await Session.start([program, '0']);
    await assert.rejects(session.client.continue({ timeoutMs: 200 }), {
      code: 'RSP_TIMEOUT',
      message: /no reply to vCont;c within 200 ms[\s\S]*-> vCont;c/,
    });
  });

  it('speaks over the streams of a child', async () => {
    const child = spawn(gdbserver, ['--once', '-', program, '3'], { stdio: ['pipe', 'pipe', 'ignore'] });
    await using client = await RspClient.connect({ readable: child.stdout, writable: child.stdin });
    const exit = once(child, 'exit');
    assert.equal((await client.continue()).kind, 'exited');
    await client.close();
    await exit;
  });
});
