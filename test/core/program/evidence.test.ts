import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Address } from '../../../src/base/ids.js';
import { Evidence, type ProgramMemory, ProgramReader } from '../../../src/core/program/index.js';

const start = 0x10000n;

/** One mapping. */
class OneMapping implements ProgramMemory {
  readonly bytes: Uint8Array;
  reads = 0;

  constructor(lengthBytes: number) {
    this.bytes = Uint8Array.from({ length: lengthBytes }, (_, index) => 1 + (index % 255));
  }

  read(at: Address, lengthBytes: number): Uint8Array {
    this.reads += 1;
    const from = Number(at - start);
    return from < 0 ? new Uint8Array(0) : this.bytes.slice(from, from + lengthBytes);
  }
}

/** What was read of `memory` where `read` reads. */
function evidenceOf(memory: ProgramMemory, read: (reader: ProgramReader) => void): Evidence {
  const evidence = new Evidence();
  read(new ProgramReader(memory, 8, evidence));
  return evidence;
}

describe('evidence', () => {
  it('holds while what was read is there as it was, whatever lies beside it', () => {
    const memory = new OneMapping(0x8000);
    const places = [0, 8, 0x18, 0x1100, 0x7000, 0x7ff8];
    const evidence = evidenceOf(memory, (reader) => {
      for (const place of places.toReversed()) reader.pointer(start + BigInt(place));
    });
    assert.ok(evidence.holds(memory));
    const isRead = (at: number): boolean => places.some((place) => at >= place && at < place + 8);
    for (let at = 0; at < memory.bytes.length; at += at < 0x40 ? 1 : 0x7f) {
      memory.bytes[at] = (memory.bytes[at] ?? 0) ^ 0x80;
      assert.equal(evidence.holds(memory), !isRead(at), at.toString(16));
      memory.bytes[at] = (memory.bytes[at] ?? 0) ^ 0x80;
    }
    assert.ok(evidence.holds(memory));
  });

  it('ends where a text does', () => {
    const memory = new OneMapping(0x2000);
    memory.bytes[0x20] = 0;
    const evidence = evidenceOf(memory, (reader) => reader.text(start + 0x10n, 0x1000));
    memory.bytes[0x21] = 0;
    assert.ok(evidence.holds(memory));
    memory.bytes[0x20] = 1;
    assert.equal(evidence.holds(memory), false);
  });

  it('does not hold where memory is gone, or where what was not there may be by now', () => {
    const memory = new OneMapping(0x2000);
    const evidence = evidenceOf(memory, (reader) => reader.pointer(start + 0x1ff8n));
    assert.ok(evidence.holds(memory));
    assert.equal(evidence.holds(new OneMapping(0x1ffc)), false);
    assert.equal(evidence.holds(new OneMapping(0x1000)), false);
    const cut = evidenceOf(memory, (reader) => reader.text(start + 0x1ff0n, 0x1000));
    assert.equal(cut.holds(memory), false);
  });

  it('reads what lies near at once, and long stretches in parts', () => {
    const memory = new OneMapping(0x100000);
    const evidence = evidenceOf(memory, (reader) => {
      for (let at = 0n; at < 0x100000n; at += 0x400n) reader.pointer(start + at);
    });
    memory.reads = 0;
    assert.ok(evidence.holds(memory));
    assert.ok(memory.reads >= 4 && memory.reads <= 6, `${memory.reads} reads`);
  });
});
