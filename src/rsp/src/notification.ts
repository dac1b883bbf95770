/** Notifications of a server, in non-stop mode (GDB manual, "Notification Packets"). */
import { asciiBytes, asciiText } from './ascii.js';
import { FieldReader } from './field-reader.js';
import { hexOf } from './hex.js';
import { ProtocolError } from './protocol-error.js';
import type { StopReply } from './stop-reply.js';
import { formatStopReply } from './stop-reply-format.js';
import { readStopReply } from './stop-reply-parse.js';

export type Notification =
  /** Acknowledged by `vStopped`, which asks for the next one. */
  | { readonly kind: 'Stop'; readonly stop: StopReply }
  /** LLDB's: output of the program; acknowledged by `vStdio`. */
  | { readonly kind: 'Stdio'; readonly bytes: Uint8Array }
  /** Clients leave what they do not know alone. */
  | { readonly kind: 'other'; readonly name: string; readonly text: string };

/** @param data of the frame @throws ProtocolError */
export function parseNotification(data: Uint8Array): Notification {
  const fields = new FieldReader(data);
  const name = fields.textUntil(':');
  if (!fields.accept(':')) throw new ProtocolError(`a notification without a name: ${asciiText(data)}`);
  switch (name) {
    case 'Stop': {
      const stop = readStopReply(fields);
      fields.expectEnd();
      return { kind: 'Stop', stop };
    }
    case 'Stdio': {
      fields.expect('O');
      const bytes = fields.hexBytes();
      fields.expectEnd();
      return { kind: 'Stdio', bytes };
    }
    default:
      return { kind: 'other', name, text: fields.restText() };
  }
}

/** Data for `encodeNotification`. */
export function printNotification(notification: Notification): Uint8Array {
  switch (notification.kind) {
    case 'Stop':
      return asciiBytes(`Stop:${formatStopReply(notification.stop, true)}`);
    case 'Stdio':
      return asciiBytes(`Stdio:O${hexOf(notification.bytes)}`);
    case 'other':
      return asciiBytes(`${notification.name}:${notification.text}`);
  }
}
