/** LLDB: stops, threads and saved registers (LLDB's "GDB Remote Protocol Extensions"). */
import { choice, member, optional, record, tolerated } from '../format/compose.js';
import { json, shaped } from '../format/json.js';
import { decimalNumber, hexNumber, threadPattern } from '../format/values.js';
import { nothing, ok, stopReply } from './answers.js';
import { lldbThreads } from './lldb-json.js';
import { packet } from './row.js';

const thread = optional(';thread:', member('thread', threadPattern), tolerated(';'));

export const lldbThreadPackets = [
  packet('qThreadStopInfo', record(member('tid', hexNumber)), stopReply, { isUnseparated: true }),
  packet(
    'jThreadsInfo',
    nothing,
    choice({ threads: record(member('threads', shaped('lldb-threads', lldbThreads))) }),
  ),
  packet(
    'jThreadExtendedInfo',
    // LLDB may have nothing to ask for.
    record(':', optional(member('json', json))),
    choice({ json: record(member('json', json)) }),
  ),
  /** The registers get an id, by which they can be put back once. */
  packet('QSaveRegisterState', record(thread), choice({ saved: record(member('id', decimalNumber)) })),
  packet('QRestoreRegisterState', record(':', member('id', decimalNumber), thread), ok),
] as const;
