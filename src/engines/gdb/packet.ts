/**
 * What a packet is to this engine: a row of data. The row's name is the packet's exact name, so that searching for
 * the name finds the row, its parser, its handler and its test. Handlers return a reply; one place writes it.
 */

import type { FieldReader } from 'gdb-js-rsp-parser';
import type { MachineFacts } from '../../../arch/module.js';
import type { ClientFeatures } from './features.js';
import type { GdbSession } from './session.js';

export type Reply =
  | { readonly kind: 'ok' }
  /** The empty packet: not supported. */
  | { readonly kind: 'empty' }
  /** `Enn`, or `E.text` where the client understands it at this place; `code` is an errno(3) value, 1 to 255. */
  | { readonly kind: 'error'; readonly code: number; readonly text?: string }
  /** Plain ASCII (hex, names, numbers). */
  | { readonly kind: 'text'; readonly text: string }
  /** Bytes as hex digits. */
  | { readonly kind: 'hex'; readonly bytes: Uint8Array }
  /** ASCII followed by raw bytes; the bytes are escaped when the reply is written. */
  | { readonly kind: 'binary'; readonly prefix: string; readonly bytes: Uint8Array }
  /** The answer is a stop reply, which comes when the program stops. */
  | { readonly kind: 'deferred' }
  /** The packet has no answer at all (`k`, `R`). */
  | { readonly kind: 'none' };

export const ok: Reply = { kind: 'ok' };
export const empty: Reply = { kind: 'empty' };
export const deferred: Reply = { kind: 'deferred' };
export const none: Reply = { kind: 'none' };

export function text(value: string): Reply {
  return { kind: 'text', text: value };
}

export function failure(code: number, message?: string): Reply {
  return message === undefined ? { kind: 'error', code } : { kind: 'error', code, text: message };
}

/** Values of errno(3) used in `Enn`; the protocol itself gives them no meaning. */
export const errno = {
  general: 1,
  /** EPERM is the same number: what one sees is that it did not work. */
  notPermitted: 1,
  noEntry: 2,
  noSuchProcess: 3,
  io: 5,
  badAddress: 14,
  busy: 16,
  invalid: 22,
  noSpace: 28,
} as const;

interface RowFacts {
  /** Exact name, up to the separator or the end of the packet: `m`, `vCont`, `qXfer`, `QPassSignals`. */
  readonly name: string;
  /** Tokens of the `qSupported` answer that announce it, complete: `QStartNoAckMode+`. */
  readonly advertise?: string | readonly string[];
  /**
   * Who may be sent `E.text` instead of `Enn`: with 'announced' only a client that sent `error-message+`, because
   * older ones would take the text for data; with 'any-client' every one but LLDB.
   */
  readonly errorText?: 'announced' | 'any-client';
  /** Whether a machine has what the packet is about; where not, it is unknown. Default: yes. */
  readonly isOffered?: (facts: MachineFacts) => boolean;
  /** A hex digit of its arguments stands right behind the name. */
  readonly isUnseparated?: boolean;
  /** Its handler is done with the packet's data when it returns: they need not be copied for it. */
  readonly keepsNoData?: boolean;
}

export interface PacketRow<Request> extends RowFacts {
  /**
   * Takes the arguments behind the name, separator included, as this client writes them; throws `ProtocolError` when
   * they are malformed.
   */
  readonly parse: (fields: FieldReader, features: ClientFeatures) => Request;
  readonly run: (session: GdbSession, request: Request) => Reply | Promise<Reply>;
}

/** A row whose request type is known to itself only, so that rows of all types fit into one table. */
export interface PacketEntry {
  readonly name: string;
  readonly advertise: readonly string[];
  readonly errorText: 'announced' | 'any-client';
  readonly keepsNoData: boolean;
  readonly isUnseparated: boolean;
  readonly isOffered: (facts: MachineFacts) => boolean;
  readonly handle: (session: GdbSession, fields: FieldReader) => Reply | Promise<Reply>;
}

export function packet<Request>(row: PacketRow<Request>): PacketEntry {
  const advertise = row.advertise ?? [];
  return {
    name: row.name,
    advertise: typeof advertise === 'string' ? [advertise] : advertise,
    errorText: row.errorText ?? 'announced',
    keepsNoData: row.keepsNoData ?? false,
    isUnseparated: row.isUnseparated ?? false,
    isOffered: row.isOffered ?? (() => true),
    handle: (session, fields) => row.run(session, row.parse(fields, session.features)),
  };
}

/** Parser of packets that take no arguments. */
export function nothing(fields: FieldReader): undefined {
  fields.expectEnd();
  return undefined;
}
