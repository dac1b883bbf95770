/** Memory (GDB manual, "Packets", "General Query Packets"). */
import type { FieldReader } from '../field-reader.js';
import { choice, member, optional, record, separated, tolerated } from '../format/compose.js';
import type { FieldWriter } from '../format/field-writer.js';
import type { Format } from '../format/format.js';
import { binary, hexBigint, hexBytes, hexNumber } from '../format/values.js';
import { ProtocolError } from '../protocol-error.js';
import { hexData, nothing, ok } from './answers.js';
import { packet } from './row.js';

export interface MemoryWrite {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** `ADDRESS,LENGTH:` and so many bytes. */
function write(data: Format<Uint8Array>): Format<MemoryWrite> {
  return {
    structure: {
      kind: 'record',
      items: [
        { kind: 'member', name: 'address', format: hexBigint },
        { kind: 'member', name: 'bytes', format: data },
      ],
    },
    begins: (fields) => !fields.isAtEnd,
    read: (fields) => {
      const address = hexBigint.read(fields);
      fields.expect(',');
      const lengthBytes = fields.number();
      // GDB's probe of length 0 may end behind the length.
      if (lengthBytes === 0 && fields.isAtEnd) return { address, bytes: new Uint8Array(0) };
      fields.expect(':');
      const bytes = data.read(fields);
      if (bytes.length !== lengthBytes)
        throw new ProtocolError(`${bytes.length} bytes of data, announced were ${lengthBytes}`);
      return { address, bytes };
    },
    write: ({ address, bytes }, to) => {
      hexBigint.write(address, to);
      to.text(`,${bytes.length.toString(16)}:`);
      data.write(bytes, to);
    },
  };
}

const range = record(member('address', hexBigint), ',', member('lengthBytes', hexNumber));

/** The parts of memory that were asked for, each as long as it could be read: lengths, then all data in one piece. */
const parts: Format<readonly Uint8Array[]> = {
  structure: { kind: 'own', name: 'memory-parts' },
  begins: (fields) => !fields.isAtEnd,
  read: readParts,
  write: writeParts,
};

function readParts(fields: FieldReader): Uint8Array[] {
  const lengths = separated(hexNumber, ',', 1).read(fields);
  fields.expect(';');
  const data = fields.restBytes();
  let at = 0;
  const read = lengths.map((length) => {
    const part = data.subarray(at, at + length);
    at += length;
    return part;
  });
  if (at !== data.length) throw new ProtocolError(`${data.length} bytes of data, announced were ${at}`);
  return read;
}

function writeParts(values: readonly Uint8Array[], to: FieldWriter): void {
  separated(hexNumber, ',', 1).write(
    values.map((bytes) => bytes.length),
    to,
  );
  to.text(';');
  for (const bytes of values) to.bytes(bytes);
}

export const memoryPackets = [
  packet('m', range, hexData),
  packet('M', write(hexBytes), ok),
  packet('X', write(binary), ok),
  /*
   * LLDB's older form of the reply has no `b`, which only context tells: it is sent where `x0,0` was answered with `OK`,
   * and its data is the whole reply.
   */
  packet('x', range, choice({ ok: record('OK'), data: record('b', member('bytes', binary)) })),
  packet(
    'MultiMemRead',
    record(':ranges:', member('ranges', separated(range, ',', 1)), tolerated(';')),
    choice({ parts: record(member('parts', parts)) }),
  ),
  packet(
    'qOffsets',
    nothing,
    choice({
      sections: record(
        'Text=',
        member('text', hexBigint),
        ';Data=',
        member('data', hexBigint),
        optional(';Bss=', member('bss', hexBigint)),
      ),
      segments: record(
        'TextSeg=',
        member('text', hexBigint),
        optional(';DataSeg=', member('data', hexBigint)),
      ),
    }),
  ),
  // The manual says hex for the pattern; every server and GDB itself have it in binary.
  packet(
    'qSearch:memory',
    record(
      ':',
      member('address', hexBigint),
      ';',
      member('lengthBytes', hexBigint),
      ';',
      member('pattern', binary),
    ),
    choice({ found: record('1,', member('address', hexBigint)), 'not-found': record('0') }),
  ),
  packet(
    'qCRC',
    record(':', member('address', hexBigint), ',', member('lengthBytes', hexBigint)),
    choice({ checksum: record('C', member('crc', hexNumber)) }),
  ),
  packet('vFlashErase', record(':', member('address', hexBigint), ',', member('lengthBytes', hexBigint)), ok),
  packet('vFlashWrite', record(':', member('address', hexBigint), ':', member('bytes', binary)), ok),
  packet('vFlashDone', nothing, ok),
] as const;
