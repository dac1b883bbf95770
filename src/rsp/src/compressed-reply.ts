/**
 * Replies after `QEnableCompression` (LLDB's "GDB Remote Protocol Extensions"): what is in the frame, its escapes taken out,
 * is `N` and the reply, or `C`, the length of the reply in decimal, `:` and the compressed reply. Who packs and unpacks it
 * is up to the host.
 */
import { asciiBytes } from './ascii.js';
import { FieldReader } from './field-reader.js';

export type CompressedReply =
  | { readonly kind: 'plain'; readonly bytes: Uint8Array }
  /** `replyBytes`: how many there are when they are unpacked. */
  | { readonly kind: 'compressed'; readonly replyBytes: number; readonly bytes: Uint8Array };

/** @throws ProtocolError */
export function parseCompressedReply(data: Uint8Array): CompressedReply {
  const fields = new FieldReader(data);
  if (fields.accept('N')) return { kind: 'plain', bytes: fields.restBytes() };
  fields.expect('C');
  const replyBytes = fields.decimal();
  fields.expect(':');
  return { kind: 'compressed', replyBytes, bytes: fields.restBytes() };
}

export function printCompressedReply(reply: CompressedReply): Uint8Array {
  const head = asciiBytes(reply.kind === 'plain' ? 'N' : `C${reply.replyBytes}:`);
  const data = new Uint8Array(head.length + reply.bytes.length);
  data.set(head);
  data.set(reply.bytes, head.length);
  return data;
}
