import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  encodeNotification,
  encodePacket,
  escapeBinary,
  type Frame,
  FrameDecoder,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

type Role = 'stub' | 'client';

function decode(role: Role, wire: Uint8Array, maxPacketBytes = 1024): Frame[] {
  return new FrameDecoder({ role, maxPacketBytes }).push(wire);
}

/** Frames in a form that is easy to compare and to read. */
function summary(frames: readonly Frame[]): string[] {
  return frames.map((frame) => {
    switch (frame.kind) {
      case 'packet':
      case 'notification':
        return `${frame.kind} ${asciiText(frame.data)}${frame.checksumOk ? '' : ' (bad)'}`;
      case 'overflow':
        return `overflow ${frame.lengthBytes}`;
      default:
        return frame.kind;
    }
  });
}

function decodeText(role: Role, wire: string, maxPacketBytes?: number): string[] {
  return summary(decode(role, asciiBytes(wire), maxPacketBytes));
}

describe('frame decoder: between packets', () => {
  it('knows acknowledgements and interrupts, and ignores everything else', () => {
    assert.deepEqual(decodeText('stub', '+-\x03 \n\xff#}*%x$OK#9a!+'), [
      'ack',
      'nak',
      'interrupt',
      'packet OK',
      'ack',
    ]);
  });

  it('takes 0x03 inside a packet for data', () => {
    assert.deepEqual(decodeText('stub', '$a\x03b#c6'), ['packet a\x03b']);
  });

  it('has notifications and no interrupts as a client', () => {
    assert.deepEqual(decodeText('client', '\x03%Stop:T05#9f$OK#9a'), [
      'notification Stop:T05 (bad)',
      'packet OK',
    ]);
    const wire = encodeNotification(asciiBytes('Stop:T05'));
    assert.deepEqual(summary(decode('client', wire)), ['notification Stop:T05']);
  });
});

describe('frame decoder: checksums', () => {
  it('flags a wrong one and takes both cases of digits', () => {
    assert.deepEqual(decodeText('stub', '$OK#9b$OK#9A$OK#zz$OK#-a$#00'), [
      'packet OK (bad)',
      'packet OK',
      'packet OK (bad)',
      'packet OK (bad)',
      'packet ',
    ]);
  });

  it('counts the bytes as transmitted', () => {
    assert.deepEqual(decodeText('client', '$0* #7a'), ['packet 0000']);
    assert.deepEqual(decodeText('stub', '$}\x03#80'), ['packet #']);
  });

  it('flags every single changed byte of data', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 50 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (data, where, change) => {
          const wire = encodePacket(escapeBinary(data));
          const at = 1 + (where % (wire.length - 4));
          wire[at] = (wire[at] ?? 0) ^ change;
          // `#` and `$` would change where frames begin and end.
          fc.pre(wire[at] !== 0x23 && wire[at] !== 0x24);
          const [frame] = decode('stub', wire);
          assert.ok(frame?.kind === 'packet' && !frame.checksumOk);
        },
      ),
    );
  });
});

describe('frame decoder: broken packets', () => {
  it('begins anew at a raw $', () => {
    assert.deepEqual(decodeText('stub', '$abc$OK#9a'), ['packet OK']);
    assert.deepEqual(decodeText('client', '%Stop$OK#9a'), ['packet OK']);
  });

  it('loses no packet behind a checksum that never came', () => {
    assert.deepEqual(decodeText('stub', '$abc#$OK#9a$abc#2$OK#9a'), [
      'packet abc (bad)',
      'packet OK',
      'packet abc (bad)',
      'packet OK',
    ]);
  });

  it('keeps an escape byte at the end that escapes nothing', () => {
    assert.deepEqual(decodeText('stub', '$a}#de'), ['packet a}']);
  });

  it('drops a packet that is too long whole, once, and nothing after it', () => {
    assert.deepEqual(decodeText('stub', `$${'x'.repeat(9)}#38+$12345678#a4`, 8), [
      'overflow 9',
      'ack',
      'packet 12345678',
    ]);
  });

  it('never throws, and finds an intact packet behind any bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom<Role>('stub', 'client'), fc.uint8Array(), (role, garbage) => {
        const decoder = new FrameDecoder({ role, maxPacketBytes: 8 });
        decoder.push(garbage);
        assert.equal(summary(decoder.push(asciiBytes('$OK#9a'))).at(-1), 'packet OK');
      }),
    );
  });
});

describe('frame decoder: run-lengths', () => {
  it('expands them as a client only', () => {
    const wire = encodePacket(asciiBytes('0* 1'));
    assert.deepEqual(summary(decode('client', wire)), ['packet 00001']);
    assert.deepEqual(summary(decode('stub', wire)), ['packet 0* 1']);
  });

  it('expands before it unescapes: a run may begin inside an escape pair', () => {
    assert.deepEqual(summary(decode('client', encodePacket(asciiBytes('}\x03* ')))), [
      'packet #\x03\x03\x03',
    ]);
  });
});

/** Pieces of a stream whose concatenation has every state of the decoder in it. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((data) => encodePacket(escapeBinary(data))),
  fc.uint8Array({ maxLength: 12 }).map((data) => encodePacket(escapeBinary(data), { runLength: true })),
  fc.constant(encodeNotification(asciiBytes('Stop:W00'))),
  fc
    .constantFrom('+', '-', '\x03', '$', '#', '$ab#', '$abc#00', '$0*~#00', `$${'y'.repeat(40)}#c8`)
    .map(asciiBytes),
  fc.uint8Array({ maxLength: 6 }),
);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('frame decoder: chunks', () => {
  it('gives the same frames for every place of one cut', () => {
    const wire = concat([
      asciiBytes('+$m0,4#fd\x03$X0,2:}\x03}\x04#9f-$abc$OK#9a'),
      encodePacket(asciiBytes('z'.repeat(30))),
      asciiBytes('$OK#9a'),
    ]);
    const whole = decode('stub', wire, 20);
    assert.equal(whole.length, 8);
    for (let cut = 0; cut <= wire.length; cut += 1) {
      const decoder = new FrameDecoder({ role: 'stub', maxPacketBytes: 20 });
      const frames = [...decoder.push(wire.subarray(0, cut)), ...decoder.push(wire.subarray(cut))];
      assert.deepEqual(frames, whole, `cut at ${cut}`);
    }
  });

  it('gives the same frames for any cuts', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Role>('stub', 'client'),
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
        (role, pieces, sizes) => {
          const wire = concat(pieces);
          const decoder = new FrameDecoder({ role, maxPacketBytes: 30 });
          const frames: Frame[] = [];
          for (let at = 0, turn = 0; at < wire.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            frames.push(...decoder.push(wire.subarray(at, at + size)));
            at += size;
          }
          assert.deepEqual(frames, decode(role, wire, 30));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps no view of a chunk that its owner uses again', () => {
    const chunk = asciiBytes('$OK#9a');
    const frames = decode('stub', chunk);
    chunk.fill(0);
    assert.deepEqual(summary(frames), ['packet OK']);
  });

  it('keeps earlier frames intact when later ones come', () => {
    const decoder = new FrameDecoder({ role: 'client', maxPacketBytes: 100 });
    const first = decoder.push(encodePacket(asciiBytes('first')));
    decoder.push(encodePacket(asciiBytes('other')));
    assert.deepEqual(summary(first), ['packet first']);
  });

  it('takes a packet of 1 MiB byte by byte in linear time', () => {
    const timeFor = (length: number): number => {
      const wire = encodePacket(new Uint8Array(length).fill(0x61));
      const decoder = new FrameDecoder({ role: 'stub', maxPacketBytes: length });
      const begin = performance.now();
      let frames = 0;
      for (let at = 0; at < wire.length; at += 1) frames += decoder.push(wire.subarray(at, at + 1)).length;
      assert.equal(frames, 1);
      return performance.now() - begin;
    };
    const small = Math.max(timeFor(1 << 16), timeFor(1 << 16));
    // 16 times the data: quadratic work would take 256 times as long.
    assert.ok(timeFor(1 << 20) < 100 * Math.max(small, 1));
  });
});
