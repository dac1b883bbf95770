/** Names and addresses, calls, and registers that are put back, with every server that can tell what is mapped. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { before, describe, it } from 'mocha';
import { RspClient } from '../../src/client/index.js';
import { readElf } from '../../src/client/symbols/elf-file.js';
import { compileFixture } from '../support/fixture.js';
import { describeOn } from '../support/machine.js';
import { type Symbols, symbolsOf } from './program-symbols.js';
import { servers } from './servers.js';

const patient = { timeoutMs: 30_000 };

for (const server of servers.filter(({ lacks }) => !lacks.includes('regions')))
  describe(`client: symbols and calls: ${server.name}`, function () {
    this.timeout(60_000);
    let program = '';
    let fixed: Symbols = () => 0n;

    before(async function () {
      this.timeout(300_000);
      await server.prepare?.();
      program = await server.compile('counting-loop');
      fixed = await symbolsOf(program);
    });

    const start = (path = program): Promise<RspClient> =>
      RspClient.connect(server.endpoint([path, '3']), patient);

    it('finds symbols of the program, and names addresses', async () => {
      await using client = await start();
      const { symbols } = client;
      assert.equal(await symbols.address('count'), fixed('count'));
      const table = await symbols.find('table');
      assert.deepEqual([table?.kind, table?.sizeBytes, table?.file], ['object', 1 << 18, program]);
      assert.equal(await symbols.label(fixed('table') + 0x20n), 'table+0x20');
      assert.equal(await symbols.label(fixed('count')), 'count');
      assert.equal(await symbols.label(8n), '0x8');
      assert.equal(await symbols.at(8n), undefined);
      const found = await symbols.matching(/^(?:count|main)$/, { file: program });
      assert.deepEqual(found.map(({ name }) => name).sort(), ['count', 'main']);
      await assert.rejects(symbols.address('no_such_symbol'), { code: 'RSP_NO_SYMBOL' });
    });

    it('finds those of libraries as soon as they are loaded, where they are', async () => {
      await using client = await start();
      assert.equal(await client.symbols.find('pthread_barrier_wait', { file: 'libc' }), undefined);
      await client.breakpoints.set(fixed('main'));
      await client.continue();
      const function_ = await client.symbols.find('pthread_barrier_wait', { file: /\/libc\.so/ });
      assert.equal(function_?.kind, 'function');
      await client.breakpoints.set(function_.address);
      const stop = await client.continue();
      assert.ok(stop.kind === 'signal');
      assert.equal(await client.registers.readRole('pc'), function_.address);
      assert.match(await client.symbols.label(await client.call.returnAddress()), /^main\+0x/);
    });

    it('finds them in a program that is loaded anywhere', async () => {
      const movable = await compileFixture('counting-loop', { flags: ['-pie'], output: 'movable' });
      await using client = await start(movable);
      const counter = await client.symbols.address('counter');
      assert.equal(await client.memory.readInteger(counter, 8), 100n);
      assert.notEqual(counter, fixed('counter'));
    });

    it('reads what a function was called with, and what it returns', async () => {
      await using client = await start();
      await client.breakpoints.set(fixed('main'));
      await client.continue();
      assert.equal(await client.call.argument(0), 2n);
      const [first] = [await client.memory.readInteger(await client.call.argument(1), 8)];
      assert.equal(await client.memory.readText(first), program);
      const { currentThread } = client;
      assert.ok(currentThread);
      const thread = client.thread(currentThread);
      assert.equal(await thread.call.argument(0), 2n);
      await client.breakpoints.set(await thread.call.returnAddress());
      await client.continue();
      assert.equal(await client.call.result(), 7n);
    });

    it('puts all registers back at once', async () => {
      await using client = await start();
      const [general, other] = server.machine.general;
      await client.registers.write(server.machine.vector, 5n);
      const saved = await client.registers.save();
      const wanted = await client.registers.readAll();
      for (const name of [general, other, server.machine.vector]) await client.registers.write(name, 77n);
      await client.step();
      assert.equal(await client.registers.read(general), 77n);
      await client.registers.restore(saved);
      assert.deepEqual(await client.registers.readAll(), wanted);
    });
  });

describe('client: symbols of a file', () => {
  const fileOf =
    (bytes: Uint8Array) =>
    (offset: number, lengthBytes: number): Promise<Uint8Array> =>
      Promise.resolve(bytes.subarray(offset, offset + lengthBytes));

  it('are undefined where it is none, or cut short', async () => {
    assert.equal(await readElf(fileOf(new Uint8Array(0))), undefined);
    assert.equal(await readElf(fileOf(new Uint8Array(100))), undefined);
    const whole = await readFile(process.execPath);
    assert.equal(await readElf(fileOf(whole.subarray(0, 64))), undefined);
    assert.deepEqual((await readElf(fileOf(whole.subarray(0, 4096))))?.symbols, []);
  });

  describeOn('i386', 'of 32-bit programs', () => {
    it('are as nm has them', async () => {
      const program = await compileFixture('exit', { machine: 'i386', flags: ['-no-pie'] });
      const elf = await readElf(fileOf(await readFile(program)));
      const main = elf?.symbols.find(({ name }) => name === 'main');
      assert.equal(main?.value, (await symbolsOf(program))('main'));
      assert.equal(main?.kind, 'function');
    });
  });
});
