/** `qXfer`: objects of the target, read and written in pieces. Which objects there are: ../objects. */
import type { FieldReader } from 'gdb-js-rsp-parser';
import { transferObjects } from '../objects/index.js';
import type { TransferObject } from '../objects/transfer-object.js';
import { empty, errno, failure, type PacketEntry, packet, type Reply, text } from '../packet.js';
import { PerSession } from '../per-session.js';
import type { GdbSession } from '../session.js';

type Transfer =
  /** No such object, or not in this direction. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'read';
      readonly object: TransferObject;
      readonly read: NonNullable<TransferObject['read']>;
      readonly annex: string;
      readonly offset: number;
      readonly lengthBytes: number;
    }
  | {
      readonly kind: 'write';
      readonly write: NonNullable<TransferObject['write']>;
      readonly annex: string;
      readonly offset: number;
      readonly bytes: Uint8Array;
    };

const byName: ReadonlyMap<string, TransferObject> = new Map(transferObjects.map((one) => [one.name, one]));

/** `:` object `:read:` annex `:` offset `,` length, or `:` object `:write:` annex `:` offset `:` binary. */
function parseTransfer(fields: FieldReader): Transfer {
  fields.expect(':');
  const object = byName.get(fields.textUntil(':'));
  fields.expect(':');
  const operation = fields.textUntil(':');
  const { read, write } = object ?? {};
  if (object !== undefined && operation === 'read' && read !== undefined) {
    const annex = parseAnnex(fields);
    const offset = fields.number();
    fields.expect(',');
    const lengthBytes = fields.number();
    fields.expectEnd();
    return { kind: 'read', object, read, annex, offset, lengthBytes };
  }
  if (operation === 'write' && write !== undefined) {
    const annex = parseAnnex(fields);
    const offset = fields.number();
    fields.expect(':');
    return { kind: 'write', write, annex, offset, bytes: fields.restBytes() };
  }
  return { kind: 'unknown' };
}

function parseAnnex(fields: FieldReader): string {
  fields.expect(':');
  const annex = fields.textUntil(':');
  fields.expect(':');
  return annex;
}

/** Objects as they were at offset 0, so that a list that changes does not tear between two pieces. */
class Snapshots implements Disposable {
  readonly #bytes = new Map<TransferObject, { readonly annex: string; readonly bytes: Uint8Array }>();

  take(object: TransferObject, annex: string, bytes: Uint8Array): void {
    this.#bytes.set(object, { annex, bytes });
  }

  find(object: TransferObject, annex: string): Uint8Array | undefined {
    const known = this.#bytes.get(object);
    return known?.annex === annex ? known.bytes : undefined;
  }

  [Symbol.dispose](): void {
    this.#bytes.clear();
  }
}

const snapshots = new PerSession(() => new Snapshots());

/** `m` and a piece, or `l` and the last piece; undefined: the offset lies behind the end. */
export function pieceOf(bytes: Uint8Array, offset: number, lengthBytes: number): Reply | undefined {
  if (offset > bytes.length) return undefined;
  const piece = bytes.subarray(offset, offset + lengthBytes);
  const isLast = offset + piece.length === bytes.length;
  return { kind: 'binary', prefix: isLast ? 'l' : 'm', bytes: piece };
}

function transfer(session: GdbSession, request: Transfer): Reply {
  if (request.kind === 'unknown') return empty;
  if (request.kind === 'write') {
    const { write, annex, offset, bytes } = request;
    if (write(session, annex, offset, bytes) === undefined) return noAnnex;
    return text(bytes.length.toString(16));
  }
  const { object, read, annex, offset, lengthBytes } = request;
  if (lengthBytes === 0) return failure(errno.invalid, 'nothing asked for');
  const known = offset === 0 || object.isLive ? undefined : snapshots.of(session).find(object, annex);
  const bytes = known ?? read(session, annex);
  if (bytes === undefined) return noAnnex;
  if (known === undefined && !object.isLive) snapshots.of(session).take(object, annex, bytes);
  return pieceOf(bytes, offset, lengthBytes) ?? failure(errno.invalid, 'behind the end of the object');
}

const noAnnex = failure(errno.invalid, 'no such annex');

const advertised = transferObjects.flatMap(({ name, read, write, advertise }) => [
  ...(read === undefined ? [] : [`qXfer:${name}:read+`]),
  ...(write === undefined ? [] : [`qXfer:${name}:write+`]),
  ...(advertise ?? []),
]);

export const transferPackets: readonly PacketEntry[] = [
  packet({ name: 'qXfer', advertise: advertised, parse: parseTransfer, run: transfer }),
];
