/** What an editor shows of a stopped program, and changes in it. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { it } from 'mocha';
import { forEachAdapter, launch } from './debugging.js';

/** `3`, `0x3 "text"`, `apples`: the start of what adapters write. */
const firstNumber = (value: string): number => Number(/-?\d+(?:\.\d+)?/.exec(value)?.[0]);

forEachAdapter('state', (adapter, itNeeds) => {
  it('shows threads, and where each stands', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'change' }] });
    const { threadId } = await debugging.stoppedAt('change', 'add');
    const threads = await debugging.threads();
    assert.equal(threads.length, 2);
    const other = threads.find(({ id }) => id !== threadId);
    assert.ok(other);
    const frames = await debugging.frames(other.id);
    assert.ok(
      frames.some(({ name }) => name.startsWith('wait_forever')),
      debugging.session.transcript,
    );
  });

  it('shows variables, and what is in a record', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'change' }, { mark: 'after-call' }] });
    const place = await debugging.stoppedAt('change', 'add');
    const shown = new Map((await debugging.variables(place)).map((variable) => [variable.name, variable]));
    assert.equal(shown.get('before')?.value, '1');
    assert.equal(shown.get('amount')?.value, '2');
    await debugging.resume(place.threadId);
    const outer = await debugging.stoppedAt('after-call', 'main');
    const apples = (await debugging.variables(outer)).find(({ name }) => name === 'apples');
    assert.ok(apples !== undefined && apples.variablesReference > 0, debugging.session.transcript);
    const fields = new Map(
      (await debugging.children(apples.variablesReference)).map(({ name, value }) => [name, value]),
    );
    assert.deepEqual([...fields.keys()], ['amount', 'name', 'price']);
    assert.equal(fields.get('amount'), '3');
    assert.match(fields.get('name') ?? '', /"apples"/);
    assert.equal(firstNumber(fields.get('price') ?? ''), 0.5);
  });

  it('changes a variable', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'change' }, { mark: 'return' }] });
    const place = await debugging.stoppedAt('change', 'add');
    const before = (await debugging.variables(place)).find(({ name }) => name === 'before');
    assert.ok(before);
    await debugging.session.request('setVariable', {
      variablesReference: before.scope,
      name: 'before',
      value: '40',
    });
    assert.equal(await debugging.evaluate('before', place), '40');
    await debugging.resume(place.threadId);
    const changed = await debugging.stoppedAt('return', 'add');
    assert.equal(await debugging.evaluate('item->amount', changed), '42');
  });

  it('evaluates what is watched, in the frame that is chosen', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'return' }] });
    const place = await debugging.stoppedAt('return', 'add');
    assert.equal(await debugging.evaluate('item->amount * 2 + amount', place), '8');
    assert.equal(await debugging.evaluate('total', place), '0');
    const outer = { ...place, frames: place.frames.slice(1) };
    assert.equal(await debugging.evaluate('apples.amount', outer), '3');
    // Some refuse, some put the refusal where the value would be.
    const unknown = await debugging.evaluate('no_such_variable', place).catch(String);
    assert.match(unknown, /no_such_variable|error/i);
  });

  it('disassembles where the program stands', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'change' }] });
    const { frames } = await debugging.stoppedAt('change', 'add');
    const memoryReference = frames[0]?.instructionPointerReference;
    assert.ok(memoryReference !== undefined);
    const { body } = await debugging.session.request<DebugProtocol.DisassembleResponse>('disassemble', {
      memoryReference,
      instructionOffset: 0,
      instructionCount: 4,
    });
    const instructions = body?.instructions ?? [];
    assert.equal(instructions.length, 4);
    assert.equal(BigInt(instructions[0]?.address ?? 0), BigInt(memoryReference));
    // No breakpoint of the debugger is among them.
    for (const { instruction } of instructions) {
      assert.match(instruction.trim(), /^[a-z]/);
      assert.doesNotMatch(instruction, /int3|brk/);
    }
  });

  itNeeds('memory', 'shows memory and changes it', async () => {
    await using debugging = await launch(adapter, 3, { lines: [{ mark: 'change' }] });
    const place = await debugging.stoppedAt('change', 'add');
    const [address = ''] = /0x[0-9a-f]+/.exec(await debugging.evaluate('item', place)) ?? [];
    const read = await debugging.session.request<DebugProtocol.ReadMemoryResponse>('readMemory', {
      memoryReference: address,
      count: 4,
    });
    assert.equal(read.body?.data, base64(1, 0, 0, 0));
    await debugging.session.request('writeMemory', {
      memoryReference: address,
      data: base64(0x34, 0x12, 0, 0),
    });
    assert.equal(await debugging.evaluate('item->amount', place), `${0x1234}`);
  });
});

function base64(...bytes: readonly number[]): string {
  return btoa(String.fromCharCode(...bytes));
}
