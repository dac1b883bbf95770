/** Many registers, stretches of memory and breakpoints at once: what is wrong with one of them is no matter of the others. */
import assert from 'node:assert/strict';
import host from 'node:process';
import { describe, it } from 'mocha';
import { errorCodes, isOutstepError } from '../../src/base/errors.js';
import { address } from '../../src/base/ids.js';
import { type RegisterRequest, readRegisters } from '../../src/core/index.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

/** Nothing is mapped there. */
const nowhere = address(16n);

/** The codes of errors, and everything else as it is. */
function outcomes<Item>(items: readonly Item[]): unknown[] {
  return items.map((item) => (isOutstepError(item) ? item.code : item));
}

async function spinning(count: number): Promise<TracedProgram> {
  const program = await launchFixture('spinner', [`${count}`]);
  continueAll(program.attachment);
  for (let made = 1; made < count; made++) await program.engine.next('clone');
  await program.attachment.quiesce();
  return program;
}

describe('a batch', () => {
  it('of registers gives each value or its error, in order', async () => {
    await using program = await spinning(4);
    const { attachment } = program;
    const { process } = attachment;
    const [first, second, runs, last] = [...process.threads.values()];
    assert.ok(first && second && runs && last);
    attachment.resume([{ thread: runs, action: { kind: 'continue' } }]);
    const pc = process.registerFile.byRole('pc');
    const [set] = process.registerFile.regsets;
    assert.ok(set);
    const requests: readonly RegisterRequest[] = [
      { thread: first, register: pc.name },
      { thread: second, register: 'no such register' },
      { thread: runs, register: pc.name },
      { thread: second, regset: set.name },
      { thread: second, regset: 'no such set' },
      { thread: last, register: pc.name },
    ];
    assert.deepEqual(outcomes(readRegisters(requests)), [
      first.readRegister(pc),
      errorCodes.UNSUPPORTED,
      errorCodes.WRONG_STATE,
      second.readRegset(set.name),
      errorCodes.UNSUPPORTED,
      last.readRegister(pc),
    ]);
    assert.deepEqual(readRegisters([]), []);
    await attachment.kill();
    assert.deepEqual(outcomes(readRegisters([{ thread: last, regset: 'no such set' }])), [
      errorCodes.NO_SUCH_THREAD,
    ]);
  });

  it('of all registers gives what reading each gives', async () => {
    await using program = await spinning(2);
    const { process } = program.attachment;
    const { registers } = process.registerFile;
    const threads = [...process.threads.values()];
    const requests = threads.flatMap((thread) =>
      registers.map((register) => ({ thread, register: register.name })),
    );
    const batch = readRegisters(requests);
    for (const thread of threads) thread.forgetRegisters();
    const each = threads.flatMap((thread) =>
      registers.map((register) => thread.readRegister(register) ?? errorCodes.UNSUPPORTED),
    );
    assert.deepEqual(outcomes(batch), each);
  });

  it('of registers of threads that are killed meanwhile has those that were read, and the end comes', async () => {
    for (let round = 0; round < 40; round++) {
      await using program = await spinning(4);
      const { attachment, engine } = program;
      const threads = [...attachment.process.threads.values()];
      const [first] = threads;
      const { regsets } = attachment.process.registerFile;
      // Of one of them something is known already.
      if (round % 2 === 0) first?.readRegset(regsets[0]?.name ?? '');
      host.kill(attachment.process.pid, 'SIGKILL');
      const requests = threads.flatMap((thread) => regsets.map(({ name }) => ({ thread, regset: name })));
      for (const item of outcomes(readRegisters(requests)))
        assert.ok(item instanceof Uint8Array || item === errorCodes.NO_SUCH_THREAD, String(item));
      continueAll(attachment);
      assert.deepEqual((await engine.next('exit')).status, { kind: 'killed', signal: 9 });
    }
  });

  it('of memory gives each stretch or its error', async () => {
    await using program = await launchFixture('stepping', [], { flags: ['-no-pie'] });
    const { memory } = program.attachment.process;
    const main = program.symbol('main');
    const ranges = [
      { address: main, lengthBytes: 8 },
      { address: nowhere, lengthBytes: 8 },
      { address: main, lengthBytes: 0 },
      { address: nowhere, lengthBytes: 0 },
      { address: main, lengthBytes: 4 },
    ];
    assert.deepEqual(outcomes(memory.readManyExact(ranges)), [
      memory.readExact(main, 8),
      errorCodes.MEMORY,
      new Uint8Array(),
      new Uint8Array(),
      memory.readExact(main, 4),
    ]);
  });

  it('of writes does each but those that cannot be done, under breakpoints as well', async () => {
    await using program = await launchFixture('stepping', [], { flags: ['-no-pie'] });
    const { attachment } = program;
    const { memory } = attachment.process;
    const main = program.symbol('main');
    const twice = program.symbol('twice');
    attachment.insertBreakpoint(main);
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const wrong = memory.writeMany([
      { address: main, bytes },
      { address: nowhere, bytes },
      { address: twice, bytes: bytes.slice(0, 4) },
      { address: address(main + 2n), bytes: Uint8Array.of(9) },
    ]);
    assert.deepEqual(outcomes(wrong), [undefined, errorCodes.MEMORY, undefined, undefined]);
    const expected = Uint8Array.of(1, 2, 9, 4, 5, 6, 7, 8);
    assert.deepEqual(memory.readExact(main, 8), expected);
    assert.deepEqual(memory.readExact(twice, 4), bytes.slice(0, 4));
    const raw = new Uint8Array(8);
    attachment.process.addressSpace.rawMemory.read(main, raw);
    assert.notDeepEqual(raw, expected);
    attachment.removeBreakpoint(main);
    attachment.process.addressSpace.rawMemory.read(main, raw);
    assert.deepEqual(raw, expected);
  });

  it('of breakpoints puts in each but those that cannot be', async () => {
    await using program = await launchFixture('stepping', [], { flags: ['-no-pie'], holdAt: ['breakpoint'] });
    const { attachment, engine } = program;
    const addresses = [program.symbol('twice'), nowhere, program.symbol('main')];
    const impossible = { address: program.symbol('sum'), programs: { conditions: [new Uint8Array([0xff])] } };
    const wishes = [...addresses.map((at) => ({ address: at })), impossible];
    const wrong = attachment.insertBreakpoints(wishes);
    const expected = [undefined, errorCodes.MEMORY, undefined, errorCodes.UNSUPPORTED];
    assert.deepEqual(outcomes(wrong), expected);
    assert.deepEqual(outcomes(attachment.insertBreakpoints(wishes)), expected);
    assert.ok(!attachment.hasBreakpoint(impossible.address));
    continueAll(attachment);
    assert.equal((await engine.next('breakpoint')).address, program.symbol('main'));
    attachment.removeBreakpoints(addresses);
    assert.ok(!addresses.some((at) => attachment.hasBreakpoint(at)));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status.kind, 'exited');
  });
});
