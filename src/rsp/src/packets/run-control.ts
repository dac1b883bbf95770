/** How threads go on and stop (GDB manual, "Packets", "vCont"; "Remote Non-Stop"). */
import { choice, member, optional, record, separated } from '../format/compose.js';
import { hexBigint, plainText, signalByte, threadPattern } from '../format/values.js';
import { nothing, stopReply, stopReplyOrOk } from './answers.js';
import { packet } from './row.js';

const how = choice({
  continue: record('c'),
  'continue-with': record('C', member('signal', signalByte)),
  step: record('s'),
  'step-with': record('S', member('signal', signalByte)),
  /** Until the pc leaves the range, whose end is not part of it. */
  'range-step': record('r', member('start', hexBigint), ',', member('end', hexBigint)),
  stop: record('t'),
});

/** For each thread the first action that names it counts; one without a pattern names all. */
const action = record(member('action', how), optional(':', member('thread', threadPattern)));

const address = record(optional(member('address', hexBigint)));
const signal = record(member('signal', signalByte), optional(';', member('address', hexBigint)));

export const runControlPackets = [
  packet(
    'vCont?',
    nothing,
    choice({
      actions: record('vCont', optional(';', member('actions', separated(plainText(';', 1), ';', 1)))),
    }),
  ),
  packet('vCont', record(';', member('actions', separated(action, ';', 1))), stopReplyOrOk),
  packet('c', address, stopReplyOrOk),
  packet('C', signal, stopReplyOrOk),
  packet('s', address, stopReplyOrOk),
  packet('S', signal, stopReplyOrOk),
  packet('bc', nothing, stopReply),
  packet('bs', nothing, stopReply),
  packet('vStopped', nothing, stopReplyOrOk),
] as const;
