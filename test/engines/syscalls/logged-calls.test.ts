/** At which ends of calls a thread must wait: wherever a decoder reads its memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemCallsOf } from '../../../arch/system-calls.js';
import type { LoggedMemory, LoggedRead } from '../../../src/core/index.js';
import type { CallFacts } from '../../../src/engines/syscalls/decode/call-facts.js';
import { CallText } from '../../../src/engines/syscalls/decode/call-text.js';
import { MemoryView } from '../../../src/engines/syscalls/decode/memory-view.js';
import { signatures } from '../../../src/engines/syscalls/decode/signatures/index.js';
import { CallSelection } from '../../../src/engines/syscalls/index.js';
import { loggedCallsFor, loggedView, loggingOf } from '../../../src/engines/syscalls/logged-calls.js';

const table = systemCallsOf({ name: 'x86_64' });
const tables = [table];
const facts = { abi: table.abi, stringLimit: 32 };
const values = [0n, 1n, 2n, 5n, 9n, 40n, 0x802n, 0x10_0000n, 0x10_0fe0n, 0x7fff_0000n, (1n << 64n) - 1n];
const results = [0n, 1n, 7n, 64n, -2n, -516n];
const [lowest, highest] = [0x1000n, 0x8000_0000n];

/** Bytes that tell where they are, with a zero now and then; what is outside cannot be read. */
function madeUp(address: bigint, lengthBytes: number): Uint8Array {
  if (address < lowest || address >= highest) return new Uint8Array();
  const bytes = new Uint8Array(lengthBytes);
  for (let at = Number(address), index = 0; index < lengthBytes; at++, index++)
    bytes[index] = at % 97 === 96 ? 0 : 0x20 + (at % 90);
  return bytes;
}

/** What native code puts into its list. */
function noted(
  reads: readonly LoggedRead[],
  args: readonly bigint[],
  result: bigint | undefined,
): LoggedMemory[] {
  const hasFailed = result !== undefined && result < 0n && result >= -4095n;
  return reads.flatMap((read) => {
    const { argument, isString = false, count, elementBytes = 1, mostBytes, needsSuccess = false } = read;
    if (needsSuccess && hasFailed) return [];
    const number = count === 'result' ? BigInt.asUintN(64, result ?? 0n) : args[count ?? 0];
    const counted = count === undefined ? mostBytes : Number(number) * elementBytes;
    const most = Math.min(mostBytes, counted);
    const address = args[argument] ?? 0n;
    if (address === 0n || most === 0) return [];
    const bytes = madeUp(address, most);
    const end = isString ? bytes.indexOf(0) : -1;
    return [{ address, mostBytes: most, bytes: end < 0 ? bytes : bytes.subarray(0, end + 1) }];
  });
}

/** What is shown when the call is made, and the rest. */
function shown(
  name: string,
  registers: readonly bigint[],
  result: bigint,
  views: readonly [MemoryView, MemoryView],
): string[] {
  const text = new CallText(signatures.get(name));
  const call = (memory: MemoryView, returned: bigint | undefined): CallFacts => ({
    abi: table.abi,
    args: registers,
    result: returned,
    memory,
    options: { stringLimit: 32, describeDescriptor: undefined },
    stackPointer: 0x9000n,
    notes: text.notes,
  });
  const entry = text.enter(call(views[0], undefined));
  const after = call(views[1], result);
  return [entry, text.leave(after), text.result(after).text];
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
  it('are shown by what was read of them as by the program itself, wherever it goes on', () => {
    const itself = new MemoryView(madeUp);
    const nothing = new MemoryView(() => new Uint8Array());
    for (const [name, signature] of signatures) {
      const logging = loggingOf(signature, facts);
      const [entryReads, returnReads] = [logging.entryReads ?? [], logging.returnReads ?? []];
      for (let round = 0; round < 4 * values.length; round++) {
        const registers = Array.from(
          { length: 6 },
          (_, index) => values[(round * (index + 1) + index * Math.floor(round / 7)) % values.length] ?? 0n,
        );
        for (const result of results) {
          const what = `${name}(${registers.join()}) = ${result}`;
          const nowhere = new MemoryView((at, length) => assert.fail(`${what}: ${length} bytes at ${at}`));
          const before =
            logging.entry === 'waits'
              ? nothing
              : loggedView(noted(entryReads, registers, undefined), nowhere);
          const behind =
            logging.return === 'waits' ? nothing : loggedView(noted(returnReads, registers, result), nowhere);
          const live = [logging.entry, logging.return].map((end) => (end === 'waits' ? nothing : itself));
          assert.deepEqual(
            shown(name, registers, result, [before, behind]),
            shown(name, registers, result, [live[0] ?? itself, live[1] ?? itself]),
            what,
          );
        }
      }
    }
  });

  it('go on where there are only registers', () => {
    const goesOn = { entry: 'goes-on', return: 'goes-on', entryReads: [], returnReads: [] };
    for (const name of ['getppid', 'close', 'lseek', 'mmap', 'munmap', 'brk', 'socket', 'dup3', 'kill'])
      assert.deepEqual(loggingOf(signatures.get(name), facts), goesOn, name);
    assert.deepEqual(loggingOf(undefined, facts), goesOn);
  });

  it('go on where what is read is said by their arguments', () => {
    const often = [
      'read',
      'write',
      'openat',
      'newfstatat',
      'fstat',
      'access',
      'futex',
      'rt_sigaction',
      'connect',
    ];
    for (const name of [
      ...often,
      'rt_sigprocmask',
      'clock_gettime',
      'epoll_wait',
      'getrandom',
      'readlink',
      'statx',
    ]) {
      const { entry, return: back } = loggingOf(signatures.get(name), facts);
      assert.deepEqual([entry, back], ['goes-on', 'goes-on'], name);
    }
    const { entryReads } = loggingOf(signatures.get('write'), facts);
    assert.deepEqual(entryReads, [{ argument: 1, count: 2, mostBytes: 32 }]);
  });

  it('wait where pointers lead to more, and where it would be much', () => {
    for (const name of ['execve', 'writev', 'sendmsg', 'pselect6'])
      assert.equal(loggingOf(signatures.get(name), facts).entry, 'waits', name);
    assert.equal(loggingOf(signatures.get('write'), { ...facts, stringLimit: 1 << 20 }).entry, 'waits');
  });

  it('wait at both ends unless the program may run ahead', () => {
    const logged = loggedCallsFor(table, options);
    assert.equal(logged?.byNumber.size, 0);
    assert.deepEqual(logged?.others, { entry: 'waits', return: 'waits' });
    const ahead = loggedCallsFor(table, { ...options, mayRunAhead: true });
    assert.deepEqual(ahead?.byNumber.get(table.numberOf('close') ?? -1), {
      entry: 'goes-on',
      return: 'goes-on',
      entryReads: [],
      returnReads: [],
    });
    const raw = { ...options, mayRunAhead: true, raw: CallSelection.parse('write', tables) };
    assert.deepEqual(loggedCallsFor(table, raw)?.byNumber.get(table.numberOf('write') ?? -1), {
      entry: 'goes-on',
      return: 'goes-on',
      entryReads: [],
      returnReads: [],
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
