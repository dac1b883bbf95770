/** `qXfer`: objects read and written in pieces (GDB manual, "General Query Packets", qXfer). */
import { choice, member, record } from '../format/compose.js';
import { binary, hexNumber, plainText } from '../format/values.js';
import { packet } from './row.js';

const object = member('object', plainText(':', 1));
const annex = member('annex', plainText(':'));

/** Both have the object between `qXfer:` and the operation, so their names do not stand in one piece. */
export const transferPackets = [
  packet(
    'qXfer:read',
    record(
      ':',
      object,
      ':read:',
      annex,
      ':',
      member('offset', hexNumber),
      ',',
      member('lengthBytes', hexNumber),
    ),
    // More may follow `m`, nothing follows `l`.
    choice({ more: record('m', member('bytes', binary)), last: record('l', member('bytes', binary)) }),
    { prefix: 'qXfer' },
  ),
  packet(
    'qXfer:write',
    record(':', object, ':write:', annex, ':', member('offset', hexNumber), ':', member('bytes', binary)),
    choice({ written: record(member('lengthBytes', hexNumber)) }),
    { prefix: 'qXfer' },
  ),
] as const;
