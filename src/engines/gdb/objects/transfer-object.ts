/** What an object of `qXfer` is: a row of the second table, by name. */
import type { GdbSession } from '../session.js';

/** Documents are UTF-8. */
export function utf8Bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export interface TransferObject {
  /** Name on the wire. */
  readonly name: string;
  /** Clients read members of it at any offset: each piece is of the object as it is now. Default: as it was at offset 0. */
  readonly isLive?: true;
  /** The whole object; undefined: no such annex. Called once for each transfer, at offset 0, unless it is live. */
  readonly read?: (session: GdbSession, annex: string) => Uint8Array | undefined;
  /** Replaces a part of the object; undefined: no such annex. */
  readonly write?: (
    session: GdbSession,
    annex: string,
    offset: number,
    bytes: Uint8Array,
  ) => 'written' | undefined;
  /** Tokens of the `qSupported` answer beside those that follow from the name. */
  readonly advertise?: readonly string[];
}
