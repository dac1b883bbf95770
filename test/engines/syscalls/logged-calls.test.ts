/** At which ends of calls a thread must wait: wherever a decoder reads its memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../../arch/system-calls.js';
import { type CallFacts, joinWide } from '../../../src/engines/syscalls/decode/call-facts.js';
import { CallText } from '../../../src/engines/syscalls/decode/call-text.js';
import { MemoryView } from '../../../src/engines/syscalls/decode/memory-view.js';
import { signatures } from '../../../src/engines/syscalls/decode/signatures/index.js';
import { CallSelection } from '../../../src/engines/syscalls/index.js';
import { loggedCallsFor, loggingOf } from '../../../src/engines/syscalls/logged-calls.js';

const table = systemCallsOf({ name: 'x86_64' });
const tables = [table];
const values = [0n, 1n, 2n, 5n, 0x802n, 0x1000n, 0x7fff_0000n, (1n << 64n) - 1n];
const results = [0n, 1n, 64n, -2n, -514n];

/** Whether anything is read when the call is made, and when it returns. */
function readsOf(name: string, registers: readonly bigint[], result: bigint): readonly [boolean, boolean] {
  const signature = signatures.get(name);
  const { abi } = table;
  let hasRead = false;
  const memory = new MemoryView(() => {
    hasRead = true;
    return new Uint8Array();
  });
  const text = new CallText(signature);
  const facts = (returned: bigint | undefined): CallFacts => ({
    abi,
    args: signature === undefined ? registers : joinWide(signature, abi, registers),
    result: returned,
    memory,
    options: { stringLimit: 32, describeDescriptor: undefined },
    stackPointer: 0x9000n,
    notes: text.notes,
  });
  text.enter(facts(undefined));
  const atEntry = hasRead;
  hasRead = false;
  text.leave(facts(result));
  text.result(facts(result));
  return [atEntry, hasRead];
}

const options = {
  followsChildren: false,
  calls: CallSelection.all,
  signals: () => true,
  injections: [],
  stringLimit: 32,
  describesDescriptors: false,
  stacks: undefined,
};

describe('syscalls engine: calls that are logged', () => {
  it('have their thread wait wherever memory is read', () => {
    for (const [name, signature] of signatures) {
      const logging = loggingOf(signature);
      for (let round = 0; round < values.length ** 2; round++) {
        const registers = Array.from(
          { length: 6 },
          (_, index) => values[(round + index * Math.floor(round / values.length)) % values.length] ?? 0n,
        );
        for (const result of results) {
          const [atEntry, atReturn] = readsOf(name, registers, result);
          assert.ok(!(atEntry && logging.entry === 'goes-on'), `${name}(${registers.join()}) at entry`);
          assert.ok(!(atReturn && logging.return === 'goes-on'), `${name}(${registers.join()}) = ${result}`);
        }
      }
    }
  });

  it('go on where there are only registers', () => {
    const goesOn = { entry: 'goes-on', return: 'goes-on' };
    for (const name of ['getppid', 'close', 'lseek', 'mmap', 'munmap', 'brk', 'socket', 'dup3', 'kill'])
      assert.deepEqual(loggingOf(signatures.get(name)), goesOn, name);
    assert.deepEqual(loggingOf(undefined), goesOn);
    assert.deepEqual(loggingOf(signatures.get('write')), { entry: 'waits', return: 'goes-on' });
    assert.deepEqual(loggingOf(signatures.get('read')), { entry: 'goes-on', return: 'waits' });
    assert.deepEqual(loggingOf(signatures.get('openat')), { entry: 'waits', return: 'goes-on' });
  });

  it('wait at both ends unless the program may run ahead', () => {
    const logged = loggedCallsFor(table, options);
    assert.equal(logged?.byNumber.size, 0);
    assert.deepEqual(logged?.others, { entry: 'waits', return: 'waits' });
    const ahead = loggedCallsFor(table, { ...options, mayRunAhead: true });
    assert.deepEqual(ahead?.byNumber.get(table.numberOf('close') ?? -1), {
      entry: 'goes-on',
      return: 'goes-on',
    });
    const raw = { ...options, mayRunAhead: true, raw: CallSelection.parse('write', tables) };
    assert.deepEqual(loggedCallsFor(table, raw)?.byNumber.get(table.numberOf('write') ?? -1), {
      entry: 'goes-on',
      return: 'goes-on',
    });
  });

  it('wait where the system is asked for what they name', () => {
    const looking = [
      { describesDescriptors: true },
      { describesDetails: true },
      { paths: new Set(['/dev/null']) },
      { dumps: { read: () => true, written: () => true } },
    ];
    for (const more of looking)
      assert.deepEqual(loggedCallsFor(table, { ...options, mayRunAhead: true, ...more })?.others, {
        entry: 'waits',
        return: 'waits',
      });
  });

  it('are none where something is done to them', () => {
    const always = { first: 1, last: Number.POSITIVE_INFINITY, step: 1 };
    const injections = [{ calls: CallSelection.all, when: always, result: -2n }];
    assert.equal(loggedCallsFor(table, { ...options, mayRunAhead: true, injections }), undefined);
  });
});
