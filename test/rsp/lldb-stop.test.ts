import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  hexOfText,
  type LldbStop,
  lldbStopExtras,
  ProtocolError,
  parseStopReply,
  readLldbStop,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

describe('stop reply: keys of LLDB', () => {
  it('are read from the rest of a stop reply', () => {
    const info = hexOfText('[{"tid":17,"reason":"trace","registers":{"16":"00ff"}}]');
    const reply = parseStopReply(
      `T05thread:p10.11;name:prog;threads:11,12;thread-pcs:0000000000401000,0000000000402000;00:ff;jstopinfo:${info};memory:0x1000=0102;memory:0x2000=03;reason:trace;description:6162;low_mem_addressing_bits:48;high_mem_addressing_bits:52;unheard-of:1;`,
    );
    assert.ok(reply.kind === 'signal');
    assert.deepEqual(readLldbStop(reply.extras ?? []), {
      name: 'prog',
      threads: [0x11, 0x12],
      threadPcs: [0x401000n, 0x402000n],
      stopInfo: [{ tid: 17, reason: 'trace', registers: [{ number: 16, value: Uint8Array.of(0, 255) }] }],
      memory: [
        { address: 0x1000n, bytes: Uint8Array.of(1, 2) },
        { address: 0x2000n, bytes: Uint8Array.of(3) },
      ],
      reason: 'trace',
      description: 'ab',
      lowAddressBits: 48,
      highAddressBits: 52,
    });
  });

  it('are read as they were written', () => {
    const id = fc.integer({ min: 1, max: 0x7fffffff });
    const stops = fc.record(
      {
        name: fc.string({ unit: 'binary', maxLength: 9 }),
        threads: fc.array(id),
        threadPcs: fc.array(fc.bigInt(0n, 2n ** 64n - 1n)),
        stopInfo: fc.array(fc.record({ tid: id }), { maxLength: 2 }),
        memory: fc.array(fc.record({ address: fc.bigInt(0n, 2n ** 64n - 1n), bytes: fc.uint8Array() }), {
          minLength: 1,
        }),
        reason: fc.constantFrom('trace', 'breakpoint'),
        description: fc.string({ unit: 'binary', minLength: 1 }),
        addressBits: fc.nat(64),
        lowAddressBits: fc.nat(64),
        highAddressBits: fc.nat(64),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(stops, (stop: LldbStop) => {
        assert.deepEqual(readLldbStop(lldbStopExtras(stop)), structuredClone(stop));
      }),
    );
  });

  it('that do not fit are a ProtocolError', () => {
    for (const [key, value] of [
      ['threads', 'x'],
      ['thread-pcs', '1,'],
      ['memory', '0x1000'],
      ['jstopinfo', hexOfText('{')],
      ['description', '616'],
    ] as const)
      assert.throws(() => readLldbStop([{ key, value }]), ProtocolError, key);
  });
});
