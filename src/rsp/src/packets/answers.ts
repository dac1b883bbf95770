/** Answers that several packets share. */
import { choice, member, record } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { hexBigint, hexBytes, hexText } from '../format/values.js';
import type { StopReply } from '../stop-reply.js';
import { formatStopReply } from '../stop-reply-format.js';
import { readStopReply } from '../stop-reply-parse.js';

/** Nothing behind the name. */
export const nothing = record();

/** `OK`. */
export const ok = choice({ ok: record('OK') });

/** Only the failures that every packet can have. */
export const noAnswer = choice({});

/** Bytes in hex, as many as there are. */
export const hexData = choice({ data: record(member('bytes', hexBytes)) });

/** Text in hex. */
export const hexTextAnswer = choice({ text: record(member('text', hexText)) });

/** An address or another number of up to 64 bits. */
export const hexValue = choice({ value: record(member('value', hexBigint)) });

/** A stop reply. */
export const stopReply: Format<StopReply> = {
  structure: { kind: 'own', name: 'stop-reply' },
  begins: (fields) => !fields.isAtEnd,
  read: readStopReply,
  // Whoever has no process ids in its replies leaves them out of the value.
  write: (reply, to) => to.text(formatStopReply(reply, true)),
};

/** A stop reply, or `OK` where the stop comes later: in non-stop mode, and for packets that resume nothing. */
export const stopReplyOrOk: Format<StopReply | { readonly kind: 'ok' }> = {
  structure: { kind: 'own', name: 'stop-reply-or-ok' },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => (fields.acceptText('OK') ? { kind: 'ok' } : stopReply.read(fields)),
  write: (reply, to) => (reply.kind === 'ok' ? to.text('OK') : stopReply.write(reply, to)),
};
