/** Features and the connection itself (GDB manual, "Packets", "General Query Packets"). */
import { type Feature, formatFeature, parseFeature } from '../features.js';
import { choice, flag, member, optional, record, separated, tolerated } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { hexNumber, hexText, plainText, threadId, threadPattern, word, zeroOrOne } from '../format/values.js';
import { noAnswer, nothing, ok, stopReplyOrOk } from './answers.js';
import { packet } from './row.js';

/** Tokens with `;` between them; those of no known form are left out, as the protocol wants it. */
const features: Format<readonly Feature[]> = {
  structure: { kind: 'own', name: 'features' },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) =>
    fields
      .restText()
      .split(';')
      .flatMap((token) => parseFeature(token) ?? []),
  write: (list, to) => to.text(list.map(formatFeature).join(';')),
};

/** `WriteReg:0` and others: what the client's user allows. */
const permission = record(member('name', plainText(':;', 1)), ':', member('isAllowed', zeroOrOne));

export const connectionPackets = [
  packet(
    'qSupported',
    record(optional(':', member('features', features))),
    choice({ features: record(member('features', features)) }),
  ),
  packet('QStartNoAckMode', nothing, ok),
  packet('!', nothing, ok),
  packet('?', nothing, stopReplyOrOk),
  packet('vMustReplyEmpty', nothing, noAnswer),
  packet(
    'qAttached',
    record(optional(':', member('pid', hexNumber))),
    choice({ attached: record('1'), created: record('0') }),
  ),
  packet('QAllow', record(':', member('permissions', separated(permission, ';'))), ok),
  packet('QNonStop', record(':', member('isNonStop', zeroOrOne)), ok),
  packet('qC', nothing, choice({ thread: record('QC', member('thread', threadId)) })),
  packet('H', record(member('for', word({ g: 'access', c: 'resume' })), member('thread', threadPattern)), ok),
  packet('T', record(member('thread', threadId)), ok),
  packet('D', record(flag('staysStopped', '1'), optional(';', member('pid', hexNumber))), ok),
  // Many servers close the connection instead, or answer nothing.
  packet('k', nothing, stopReplyOrOk),
  packet('R', record(member('unused', plainText())), noAnswer),
  packet('vCtrlC', nothing, ok),
  packet(
    'qExecAndArgs',
    nothing,
    choice({
      unset: record('U'),
      set: record('S;', member('program', hexText), ';', member('arguments', hexText), tolerated(';')),
    }),
  ),
] as const;
