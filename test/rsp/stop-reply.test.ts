import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatStopReply,
  gdbSignal,
  ProtocolError,
  parseStopReply,
  type StopReason,
  type StopReply,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

const trap = gdbSignal(5);

describe('stop reply: text', () => {
  it('names thread and reason before registers', () => {
    const reply: StopReply = {
      kind: 'signal',
      signal: trap,
      registers: [{ number: 6, value: Uint8Array.of(1, 0xab) }],
      thread: { pid: 0x10, tid: 0x11 },
      core: 10,
      reason: { kind: 'swbreak' },
      extras: [{ key: 'name', value: 'loop' }],
    };
    assert.equal(formatStopReply(reply, true), 'T05thread:p10.11;core:a;swbreak:;06:01ab;name:loop;');
    assert.equal(formatStopReply(reply, false), 'T05thread:11;core:a;swbreak:;06:01ab;name:loop;');
  });

  it('names the process only to clients that know several', () => {
    const exited: StopReply = { kind: 'exited', code: 3, pid: 0x1f };
    assert.equal(formatStopReply(exited, true), 'W03;process:1f');
    assert.equal(formatStopReply(exited, false), 'W03');
    const killed: StopReply = { kind: 'terminated', signal: gdbSignal(9), pid: 0x1f };
    assert.equal(formatStopReply(killed, true), 'X09;process:1f');
    assert.equal(formatStopReply(killed, false), 'X09');
  });

  it('knows the other forms', () => {
    assert.equal(formatStopReply({ kind: 'no-resumed' }, true), 'N');
    assert.equal(formatStopReply({ kind: 'output', bytes: Uint8Array.of(0x68, 0x0a) }, true), 'O680a');
    const ended: StopReply = { kind: 'thread-exited', code: 0, thread: { pid: 1, tid: 2 } };
    assert.equal(formatStopReply(ended, true), 'w00;p1.2');
    assert.equal(formatStopReply(ended, false), 'w00;2');
  });

  it('writes each reason as the protocol has it', () => {
    const written = (reason: StopReason) =>
      formatStopReply({ kind: 'signal', signal: trap, registers: [], reason }, true);
    assert.equal(written({ kind: 'watch', address: 0x7fff_ffff_f000n }), 'T05watch:7ffffffff000;');
    assert.equal(written({ kind: 'exec', path: '/b' }), 'T05exec:2f62;');
    assert.equal(written({ kind: 'fork', child: { pid: 0x20, tid: 0x20 } }), 'T05fork:p20.20;');
    assert.equal(written({ kind: 'syscall_entry', number: 59 }), 'T05syscall_entry:3b;');
    assert.equal(written({ kind: 'vforkdone' }), 'T05vforkdone:;');
  });
});

describe('stop reply: parser', () => {
  it('takes a process without an id for none, as some stubs write it', () => {
    assert.deepEqual(parseStopReply('W00;'), { kind: 'exited', code: 0 });
  });

  it('reads what stubs send', () => {
    assert.deepEqual(parseStopReply('S0b'), { kind: 'signal', signal: 11, registers: [] });
    assert.deepEqual(parseStopReply('T0506:0000;7:1020;thread:p1.2;'), {
      kind: 'signal',
      signal: 5,
      registers: [
        { number: 6, value: Uint8Array.of(0, 0) },
        { number: 7, value: Uint8Array.of(0x10, 0x20) },
      ],
      thread: { pid: 1, tid: 2 },
    });
    assert.deepEqual(parseStopReply('W0'), { kind: 'exited', code: 0 });
    assert.deepEqual(parseStopReply('T05'), { kind: 'signal', signal: 5, registers: [] });
    assert.deepEqual(parseStopReply('T05thread:1'), {
      kind: 'signal',
      signal: 5,
      registers: [],
      thread: { tid: 1 },
    });
  });

  it('keeps unknown keys, and leaves out registers without a value', () => {
    assert.deepEqual(parseStopReply('T0506:xxxx;name:a:b;library:1;'), {
      kind: 'signal',
      signal: 5,
      registers: [],
      reason: { kind: 'library' },
      extras: [{ key: 'name', value: 'a:b' }],
    });
  });

  it('keeps a second reason as a key', () => {
    assert.deepEqual(parseStopReply('T05watch:10;watch:20;'), {
      kind: 'signal',
      signal: 5,
      registers: [],
      reason: { kind: 'watch', address: 0x10n },
      extras: [{ key: 'watch', value: '20' }],
    });
  });

  it('refuses what is no stop reply', () => {
    const malformed = ['', 'OK', 'E01', 'E.no', 'T', 'T5', 'Tzz', 'S', 'W', 'W00;pid:1', 'X', 'w00', 'N1'];
    const malformedKeys = [
      'T05thread',
      'T05thread:p1.0;',
      'T05core:;',
      'T0506:123;',
      'T05watch:-1;',
      'T05fork:1x;',
    ];
    for (const text of [...malformed, ...malformedKeys, 'w00;-1', 'O1', 'S05;']) {
      assert.throws(() => parseStopReply(text), ProtocolError, text);
    }
  });

  it('throws nothing but ProtocolError on any text', () => {
    const words = [
      'T05',
      'W00',
      'X',
      'w',
      'thread:',
      'p1.2',
      ';',
      ':',
      '06:',
      'ff',
      'core:',
      'watch:',
      'exec:',
      '-1',
    ];
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words), { maxLength: 10 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseStopReply(text);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Objects as literals make them: deepEqual compares prototypes, too. */
const plain = { noNullPrototype: true } as const;
const id = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const thread = fc.record({ pid: id, tid: id }, plain);
const byte = fc.integer({ min: 0, max: 255 });
const address = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const path = fc.string({ unit: 'binary' });
const reason: fc.Arbitrary<StopReason> = fc.oneof(
  fc.record({ kind: fc.constantFrom('watch', 'rwatch', 'awatch'), address }, plain),
  fc.record({ kind: fc.constantFrom('swbreak', 'hwbreak', 'library', 'vforkdone', 'create') }, plain),
  fc.record({ kind: fc.constant('exec'), path }, plain),
  fc.record({ kind: fc.constantFrom('fork', 'vfork', 'clone'), child: thread }, plain),
  fc.record({ kind: fc.constantFrom('syscall_entry', 'syscall_return'), number: fc.nat() }, plain),
);
const register = fc.record(
  { number: fc.nat(300), value: fc.uint8Array({ minLength: 1, maxLength: 64 }) },
  plain,
);
const extra = fc.record(
  { key: fc.constantFrom('name', 'jstopinfo', 'description'), value: fc.constant('x:y') },
  plain,
);
const signal = byte.map(gdbSignal);
const stopReply: fc.Arbitrary<StopReply> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('signal'),
      signal,
      registers: fc.array(register),
      thread,
      core: fc.nat(),
      reason,
      extras: fc.array(extra, { minLength: 1 }),
    },
    { ...plain, requiredKeys: ['kind', 'signal', 'registers'] },
  ),
  fc.record({ kind: fc.constant('exited'), code: byte, pid: id }, plain),
  fc.record({ kind: fc.constant('terminated'), signal, pid: id }, plain),
  fc.record({ kind: fc.constant('thread-exited'), code: byte, thread }, plain),
  fc.record({ kind: fc.constant('output'), bytes: fc.uint8Array() }, plain),
);

describe('stop reply: both directions', () => {
  it('reads back every reply', () => {
    fc.assert(
      fc.property(stopReply, (reply) =>
        assert.deepEqual(parseStopReply(formatStopReply(reply, true)), reply),
      ),
      { numRuns: 1000 },
    );
  });
});
