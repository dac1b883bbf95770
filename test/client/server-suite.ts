/** What the client does with a real server; `servers.test.ts` has them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'mocha';
import { type ConnectOptions, hasCode, RspClient, type StopEvent } from '../../src/client/index.js';
import { killFamily, newFamily } from '../support/process-family.js';
import { type Symbols, symbolsOf } from './program-symbols.js';
import type { Ability, ServerRow } from './servers.js';

const trap = 5;
const interrupt = 2;
const sigstop = 17;
const usr1 = 30;
const patient = { timeoutMs: 30_000 };

type SignalEvent = Extract<StopEvent, { kind: 'signal' }>;

function expectSignal(stop: StopEvent | undefined, signal: number = trap): SignalEvent {
  assert.ok(stop?.kind === 'signal', `a stop by a signal, not ${stop?.kind}`);
  assert.equal(stop.signal, signal);
  return stop;
}

function expectExit(stop: StopEvent, code: number): void {
  assert.ok(stop.kind === 'exited' && stop.code === code, JSON.stringify(stop));
}

export function describeServer(server: ServerRow): void {
  describe(`client: ${server.name}`, function () {
    this.timeout(60_000);
    let program = '';
    let symbol: Symbols = () => 0n;
    // Some of these servers leave their programs behind when they lose their client.
    const { family, variables } = newFamily();
    after(() => {
      for (const name of Object.keys(variables)) delete process.env[name];
      killFamily(family);
    });

    before(async function () {
      this.timeout(300_000);
      Object.assign(process.env, variables);
      await server.prepare?.();
      program = await server.compile('counting-loop');
      symbol = await symbolsOf(program);
    });

    const start = (args: readonly string[], options: ConnectOptions = {}): Promise<RspClient> =>
      RspClient.connect(server.endpoint([program, ...args]), { ...patient, ...options });

    /** A test for servers that can do it; the others say so. */
    const itNeeds = (abilities: readonly Ability[], title: string, test: () => Promise<void>): void => {
      if (!abilities.some((ability) => server.lacks.includes(ability))) it(title, test);
    };

    describeStops(itNeeds, start, () => symbol, server);
    describeState(itNeeds, start, () => symbol, server);
    describeMachine(itNeeds, start, () => program, server);
    describeProcesses(
      itNeeds,
      server,
      () => program,
      () => symbol,
    );
  });
}

/** LLDB's server says SIGSTOP. */
function expectInterrupt(stop: StopEvent): void {
  assert.ok(stop.kind === 'signal' && [interrupt, sigstop].includes(stop.signal), JSON.stringify(stop));
}

type ItNeeds = (abilities: readonly Ability[], title: string, test: () => Promise<void>) => void;
type Start = (args: readonly string[], options?: ConnectOptions) => Promise<RspClient>;

function describeStops(itNeeds: ItNeeds, start: Start, symbols: () => Symbols, { machine }: ServerRow): void {
  itNeeds([], 'goes on from its own breakpoints until the program ends', async () => {
    await using client = await start(['3']);
    const breakpoint = await client.breakpoints.set(symbols()('count'));
    for (let hit = 0; hit < 3; hit += 1) {
      expectSignal(await client.continue());
      assert.equal(await client.registers.readRole('pc'), symbols()('count'));
      assert.equal(await client.memory.readInteger(symbols()('counter'), 8), 100n + BigInt(hit));
    }
    assert.deepEqual(client.breakpoints.list(), [breakpoint]);
    expectExit(await client.continue(), 7);
    assert.deepEqual(client.breakpoints.list(), []);
    await breakpoint.remove();
  });

  itNeeds([], 'takes breakpoints back', async () => {
    await using client = await start(['3']);
    {
      await using first = await client.breakpoints.set(symbols()('count'));
      const same = await client.breakpoints.set(symbols()('count'));
      await same.remove();
      expectSignal(await client.continue());
      assert.equal(first.address, symbols()('count'));
    }
    expectExit(await client.continue(), 7);
  });

  itNeeds([], 'steps instructions, off a breakpoint as well', async () => {
    await using client = await start(['3']);
    await client.breakpoints.set(symbols()('count'));
    const { thread } = expectSignal(await client.continue());
    const seen = new Set<bigint>();
    for (let step = 0; step < 4; step += 1) {
      expectSignal(await client.step());
      seen.add(await client.registers.readRole('pc'));
    }
    assert.equal(seen.size, 4);
    assert.ok(thread !== undefined);
    expectSignal(await client.thread(thread).step());
  });

  itNeeds([], 'iterates over stops', async () => {
    await using client = await start(['3']);
    await client.breakpoints.set(symbols()('count'));
    const kinds: string[] = [];
    const stops = client.stops();
    const first = client.continue();
    for await (const stop of stops) {
      kinds.push(stop.kind);
      if (stop.kind === 'exited') break;
      // Nobody waits for it here: the next round has it.
      void client.continue();
    }
    expectSignal(await first);
    assert.deepEqual(kinds, ['signal', 'signal', 'signal', 'exited']);
  });

  itNeeds(['interrupts'], 'leaves a program running whose stop nobody waits for any more', async () => {
    await using client = await start(['0']);
    const stops = client.stops();
    await assert.rejects(client.continue({ timeoutMs: 50 }), { code: 'RSP_TIMEOUT', packet: /^vCont;c/ });
    await client.interrupt();
    assert.equal((await stops.next()).value?.kind, 'signal');
    const abort = new AbortController();
    const waiting = client.continue({ signal: abort.signal });
    // It is on its way.
    await new Promise(setImmediate);
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    const next = client.nextStop(patient);
    await client.interrupt();
    assert.equal((await next).kind, 'signal');
  });

  itNeeds(['watchpoints'], 'stops when a variable is written', async () => {
    await using client = await start(['3']);
    const watchpoint = await client.breakpoints.watch(symbols()('counter'), 8);
    const { reason } = expectSignal(await client.continue());
    assert.deepEqual(reason, { kind: 'watch', address: symbols()('counter') });
    assert.equal(
      await client.memory.readInteger(symbols()('counter'), 8),
      machine.trapsAfterWrite ? 101n : 100n,
    );
    await watchpoint.remove();
    expectExit(await client.continue(), 7);
  });

  itNeeds(['hardware-breakpoints'], 'stops at a hardware breakpoint', async () => {
    await using client = await start(['3']);
    await client.breakpoints.set(symbols()('count'), { kind: 'hardware' });
    assert.deepEqual(expectSignal(await client.continue()).reason, { kind: 'hwbreak' });
  });

  itNeeds(['interrupts'], 'interrupts a program, and reads each of its threads', async () => {
    await using client = await start(['0', '2']);
    const breakpoint = await client.breakpoints.set(symbols()('count'));
    expectSignal(await client.continue());
    await breakpoint.remove();
    const stop = client.continue();
    await client.interrupt();
    expectInterrupt(await stop);
    const threads = await client.threads();
    assert.equal(threads.length, 3);
    const stacks = await Promise.all(threads.map(({ id }) => client.thread(id).registers.readRole('sp')));
    assert.equal(new Set(stacks).size, 3);
    assert.equal(
      await client.registers.readRole('sp'),
      stacks[threads.findIndex(({ id }) => id.tid === client.currentThread?.tid)],
    );
    for (const { id } of threads) assert.ok(await client.thread(id).isAlive());
  });

  itNeeds(['delivery'], 'delivers a signal', async () => {
    await using client = await start(['0']);
    const end = await client.continue({ deliver: usr1 });
    assert.ok(end.kind === 'terminated' && end.signal === usr1, JSON.stringify(end));
  });
}

function describeState(itNeeds: ItNeeds, start: Start, symbols: () => Symbols, { machine }: ServerRow): void {
  const [general, other] = machine.general;

  itNeeds([], 'describes registers with their types, reads and writes them', async () => {
    await using client = await start(['3']);
    const { architecture, registers } = await client.targetDescription();
    assert.match(architecture ?? '', machine.architecture);
    assert.ok(registers.length > 50);
    const before = await client.registers.readAll();
    assert.equal(before.get(machine.pc), await client.registers.readRole('pc'));
    await client.registers.write(general, 0xfedc_ba98_7654_3210n);
    await client.registers.write(machine.vector, 2n ** 128n - 5n);
    const after = await client.registers.readAll();
    assert.equal(after.get(general), 0xfedc_ba98_7654_3210n);
    assert.equal(after.get(machine.vector), 2n ** 128n - 5n);
    assert.equal(after.get(other), before.get(other));
    const bytes = await client.registers.readBytes(machine.vector);
    assert.deepEqual([bytes[0], bytes[15]], [0xfb, 0xff]);
    await assert.rejects(client.registers.read('no-such'), { code: 'RSP_NO_REGISTER' });
    const values = await client.registers.readAllValues();
    assert.ok(typeof values.get(machine.pc) === 'bigint');
  });

  itNeeds(['register-types'], 'reads flags and vectors as what they are', async () => {
    await using client = await start(['3']);
    const flags = await client.registers.readValue(machine.flags.register);
    assert.ok(typeof flags === 'object');
    for (const name of machine.flags.names) assert.ok(name in flags, name);
    await client.registers.write(machine.vector, 0x4000_0000_3fc0_0000n);
    let floats: unknown = await client.registers.readValue(machine.vector);
    for (const name of machine.floats) floats = Object(floats)[name];
    assert.ok(Array.isArray(floats));
    assert.deepEqual(floats.slice(0, 4), [1.5, 2, 0, 0]);
  });

  itNeeds([], 'reads and writes memory of many packets, every byte value in it', async () => {
    await using client = await start(['3']);
    const { memory } = client;
    const table = symbols()('table');
    const bytes = Uint8Array.from({ length: 1 << 18 }, (_unused, index) => index ^ (index >> 8));
    await memory.write(table, bytes);
    assert.deepEqual(await memory.readExact(table, bytes.length), bytes);
    assert.deepEqual(await memory.read(symbols()('counter'), 8), Uint8Array.of(100, 0, 0, 0, 0, 0, 0, 0));
    await assert.rejects(
      memory.read(0, 4),
      (error) => hasCode(error, 'RSP_REFUSED') && error.packet !== undefined,
    );
    await memory.writeInteger(table, 0x0102_0304n, 4);
    assert.equal(await memory.readInteger(table, 4), 0x0102_0304n);
    await memory.write(table + 5000n, new TextEncoder().encode('grün\0'));
    assert.equal(await memory.readText(table + 5000n), 'grün');
    const needle = new TextEncoder().encode('grün');
    assert.equal(await memory.search(table, bytes.length, needle), table + 5000n);
    assert.equal(await memory.search(table, 5000, needle), undefined);
  });

  itNeeds([], 'gives a thousand small reads made together what each alone would get', async () => {
    await using client = await start(['3']);
    const table = symbols()('table');
    await client.memory.write(
      table,
      Uint8Array.from({ length: 8000 }, (_unused, index) => index * 7),
    );
    const reads = await Promise.all(
      Array.from({ length: 1000 }, (_unused, index) => client.memory.read(table + BigInt(8 * index), 8)),
    );
    const expected = Uint8Array.from({ length: 8000 }, (_unused, index) => index * 7);
    for (const [index, bytes] of reads.entries())
      assert.deepEqual(bytes, expected.slice(8 * index, 8 * index + 8));
  });

  itNeeds(['regions'], 'knows what is mapped', async () => {
    await using client = await start(['3']);
    const regions = await client.memory.regions();
    const at = symbols()('count');
    const found = regions.find(({ start: first, lengthBytes }) => first <= at && at < first + lengthBytes);
    assert.equal(found?.permissions, 'rx');
    assert.match(found?.name ?? '', /counting-loop/);
    assert.ok(regions.some(({ name }) => name === '[stack]'));
  });

  itNeeds([], 'disassembles where the program stands', async () => {
    await using client = await start(['3']);
    await client.breakpoints.set(symbols()('count'));
    expectSignal(await client.continue());
    const [first, second] = await client.disassemble(2);
    assert.equal(first?.address, symbols()('count'));
    assert.match(first?.text ?? '', machine.firstInstruction);
    assert.equal(second?.address, first.address + BigInt(first.bytes.length));
  });
}

function describeMachine(
  itNeeds: ItNeeds,
  start: Start,
  program: () => string,
  { folder: sharedFolder }: ServerRow,
): void {
  itNeeds(['libraries'], 'lists libraries, once the dynamic linker has run', async () => {
    await using client = await start(['3']);
    const symbol = await symbolsOf(program());
    await client.breakpoints.set(symbol('main'));
    expectSignal(await client.continue());
    const names = (await client.objects.libraries()).map(({ name }) => name);
    assert.ok(
      names.some((name) => /libc\.so/.test(name)),
      names.join(' '),
    );
  });

  itNeeds([], 'reads the auxiliary vector', async () => {
    await using client = await start(['3']);
    const entries = await client.objects.auxiliaryVector();
    assert.equal(entries.find(({ name }) => name === 'PAGESZ')?.value, 4096n);
    assert.ok(entries.some(({ name }) => name === 'ENTRY'));
  });

  itNeeds(['signal-info'], 'tells what the kernel says of a signal', async () => {
    await using client = await start(['3']);
    const symbol = await symbolsOf(program());
    await client.breakpoints.set(symbol('count'));
    expectSignal(await client.continue());
    const info = await client.objects.signalInfo();
    assert.equal(info.signal, trap);
    assert.equal(info.bytes.length, 128);
  });

  itNeeds(['executable'], 'names the program', async () => {
    await using client = await start(['3']);
    assert.equal(await client.processes.executable(), program());
    assert.equal(await client.processes.isAttached(), false);
  });

  itNeeds(['files'], 'reads, writes and deletes files', async () => {
    await using client = await start(['3']);
    const { files } = client;
    const folder = await mkdtemp(join(sharedFolder, 'rsp-files-'));
    try {
      const path = join(folder, 'grün');
      const bytes = Uint8Array.from({ length: 300_000 }, (_unused, index) => (index * 31) >> 3);
      await files.write(path, bytes);
      assert.deepEqual(Uint8Array.from(await readFile(path)), bytes);
      assert.deepEqual(await files.read(path), bytes);
      const streamed: Uint8Array[] = [];
      for await (const part of await files.readable(path)) streamed.push(part);
      assert.equal(
        streamed.reduce((sum, part) => sum + part.length, 0),
        bytes.length,
      );
      const writer = (await files.writable(path)).getWriter();
      await writer.write(new TextEncoder().encode('one, '));
      await writer.write(new TextEncoder().encode('two'));
      await writer.close();
      assert.equal(await files.readText(path), 'one, two');
      assert.equal((await files.status(path)).sizeBytes, 8n);
      await files.unlink(path);
      await assert.rejects(files.read(path), { code: 'RSP_FILE', errno: 2 });
      assert.match(await files.readText('/proc/self/status'), /^Name:/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  itNeeds(['monitor'], 'runs commands of the server', async () => {
    await using client = await start(['3']);
    assert.match(await client.monitor('help'), /set debug/);
  });
}

function describeProcesses(
  itNeeds: ItNeeds,
  server: ServerRow,
  program: () => string,
  symbols: () => Symbols,
): void {
  const connect = (args?: readonly string[], options: ConnectOptions = {}): Promise<RspClient> =>
    RspClient.connect(server.endpoint(args && [program(), ...args]), { ...patient, ...options });

  itNeeds([], 'kills', async () => {
    await using client = await connect(['0']);
    const { tid, pid = tid } = client.currentThread ?? { tid: 0 };
    await client.processes.kill();
    if (!server.lacks.includes('own-processes')) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.equal(client.currentThread, undefined);
  });

  itNeeds([], 'lets go of a program', async () => {
    await using client = await connect(['3']);
    await client.processes.detach();
    assert.equal(client.currentThread, undefined);
  });

  itNeeds(['multi'], 'runs a program with arguments and environment', async () => {
    await using client = await connect();
    const stop = await client.processes.run(program(), {
      args: ['2'],
      environment: { LD_BIND_NOW: '1' },
      disableRandomization: true,
    });
    assert.equal(stop?.kind, 'signal');
    await client.breakpoints.set(symbols()('count'));
    expectSignal(await client.continue());
    expectSignal(await client.continue());
    expectExit(await client.continue(), 7);
  });

  itNeeds(['multi', 'own-processes'], 'attaches to a program, and lets go of it', async () => {
    const child = spawn(program(), ['0'], { stdio: 'ignore' });
    try {
      await once(child, 'spawn');
      await using client = await connect();
      assert.ok(child.pid !== undefined);
      assert.equal((await client.processes.attach(child.pid))?.kind, 'signal');
      assert.ok((await client.threads()).some(({ id }) => id.tid === child.pid));
      await client.processes.detach();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  itNeeds(['process-list'], 'lists the processes of the machine', async () => {
    await using client = await connect(['3']);
    const pid = client.currentThread?.pid;
    const found = (await client.processes.list()).find((each) => each.pid === pid);
    assert.match(found?.command ?? '', /counting-loop/);
  });

  itNeeds(['forks'], 'hears of children, and lets them go', async () => {
    const forks = await server.compile('forks');
    await using client = await RspClient.connect(server.endpoint([forks, 'fw']), {
      ...patient,
      followsForks: true,
    });
    const { reason, thread } = expectSignal(await client.continue());
    assert.ok(reason?.kind === 'fork' && reason.child.pid !== thread?.pid, JSON.stringify(reason));
    await client.processes.detach(reason.child.pid);
    const end = await client.continue({ ...(thread && { thread }) });
    assert.ok(end.kind === 'signal' || end.kind === 'exited', JSON.stringify(end));
  });

  itNeeds(['non-stop'], 'hears of each thread for itself in non-stop', async () => {
    await using client = await connect(['0', '2'], { mode: 'non-stop' });
    const stops = client.stops();
    const breakpoint = await client.breakpoints.set(symbols()('count'));
    const hit = expectSignal(await client.continue());
    assert.equal(await client.thread(hit.thread ?? { tid: 0 }).registers.readRole('pc'), symbols()('count'));
    await breakpoint.remove();
    // The two that only wait are still running: Ctrl-C stops one of them, and then everybody else is stopped.
    assert.equal(expectSignal((await stops.next()).value).thread?.tid, hit.thread?.tid);
    await client.interrupt();
    const interrupted = await stops.next();
    assert.ok(interrupted.value?.kind === 'signal' && interrupted.value.thread?.tid !== hit.thread?.tid);
    await client.resume([{ kind: 'stop' }]);
    const stopped = await stops.next();
    assert.equal(expectSignal(stopped.value, 0).reason, undefined);
    assert.equal((await client.threads()).length, 3);
    await client.processes.kill();
  });
}
