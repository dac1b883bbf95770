/** Tags of memory, as aarch64's MTE has them (GDB manual, "General Query Packets"). */
import { choice, member, record } from '../format/compose.js';
import { hexBigint, hexBytes, hexWord } from '../format/values.js';
import { ok } from './answers.js';
import { packet } from './row.js';

/** Type 1 is the tag of the memory, 0 that of the pointer, which nobody needs to ask for. */
const range = [
  ':',
  member('address', hexBigint),
  ',',
  member('lengthBytes', hexBigint),
  ':',
  member('type', hexWord),
] as const;

export const memoryTagPackets = [
  /** A byte for each granule of 16 bytes. */
  packet('qMemTags', record(...range), choice({ tags: record('m', member('tags', hexBytes)) })),
  /** Fewer tags than granules are repeated. */
  packet('QMemTags', record(...range, ':', member('tags', hexBytes)), ok),
  packet(
    'qIsAddressTagged',
    record(':', member('address', hexBigint)),
    choice({ tagged: record('01'), plain: record('00') }),
  ),
] as const;
