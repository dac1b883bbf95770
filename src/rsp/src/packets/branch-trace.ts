/** Branch traces of x86, for the selected thread (GDB manual, "General Query Packets"). */
import { member, record } from '../format/compose.js';
import { hexNumber, word } from '../format/values.js';
import { nothing, ok } from './answers.js';
import { packet } from './row.js';

const size = record('=', member('lengthBytes', hexNumber));
/** The quotes are part of the packet. */
const choiceOfUser = record('=', member('isOn', word({ '"yes"': true, '"no"': false })));

export const branchTracePackets = [
  packet('Qbtrace:bts', nothing, ok),
  packet('Qbtrace:pt', nothing, ok),
  packet('Qbtrace:off', nothing, ok),
  packet('Qbtrace-conf:bts:size', size, ok),
  packet('Qbtrace-conf:pt:size', size, ok),
  packet('Qbtrace-conf:pt:ptwrite', choiceOfUser, ok),
  packet('Qbtrace-conf:pt:event-tracing', choiceOfUser, ok),
] as const;
