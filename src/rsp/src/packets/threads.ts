/** Threads (GDB manual, "General Query Packets"). */
import { choice, member, optional, record, repeated, separated } from '../format/compose.js';
import {
  fixedHex,
  hexBigint,
  hexByte,
  hexWord,
  plainText,
  threadId,
  threadPattern,
  zeroOrOne,
} from '../format/values.js';
import { hexTextAnswer, hexValue, nothing, ok } from './answers.js';
import { packet } from './row.js';

const threads = choice({
  threads: record('m', member('threads', separated(threadId, ',', 1))),
  end: record('l'),
});

/** Ids of old real-time systems have a fixed width. */
const oldId = fixedHex(8);

export const threadPackets = [
  packet('qfThreadInfo', nothing, threads),
  packet('qsThreadInfo', nothing, threads),
  packet('qThreadExtraInfo', record(',', member('thread', threadId)), hexTextAnswer),
  packet('QThreadEvents', record(':', member('isOn', zeroOrOne)), ok),
  /** Bit 0 of the options: tell of clones, bit 1: of exits. For each thread the last entry that names it counts. */
  packet(
    'QThreadOptions',
    record(
      ';',
      member(
        'entries',
        separated(record(member('options', hexWord), optional(':', member('thread', threadPattern))), ';', 1),
      ),
    ),
    ok,
  ),
  packet(
    'qGetTLSAddr',
    record(
      ':',
      member('thread', threadId),
      ',',
      member('offset', hexBigint),
      ',',
      member('linkMap', hexBigint),
    ),
    hexValue,
  ),
  packet('qGetTIBAddr', record(':', member('thread', threadId)), hexValue),
  // What was there before `qfThreadInfo`.
  packet(
    'qL',
    record(member('isFirst', zeroOrOne), member('most', hexByte), member('after', oldId)),
    choice({
      list: record(
        'qM',
        member('count', hexByte),
        member('isLast', zeroOrOne),
        member('after', oldId),
        member('threads', repeated(oldId)),
      ),
    }),
    { isUnseparated: true },
  ),
  packet(
    'qP',
    record(member('mode', fixedHex(4)), member('thread', oldId)),
    choice({ information: record('qQ', member('fields', plainText())) }),
    { isUnseparated: true },
  ),
] as const;
