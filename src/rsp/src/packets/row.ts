/** What a row of the table is: one packet, its fields, and the replies to it. */
import type { Format, ValueOf } from '../format/format.js';

/**
 * A packet of the client: its name, the fields behind it, and what may be answered besides the failures that every
 * packet can have. All forms of a reply are told apart by `kind`.
 */
export interface PacketRow<Name extends string, Fields extends object, Answer extends object> {
  readonly name: Name;
  /** What the packet begins with: its name, but for `qXfer`, whose operation stands behind the object. */
  readonly prefix: string;
  readonly fields: Format<Fields>;
  readonly answer: Format<Answer>;
  /** A hex digit of the fields stands right behind the name, with no separator that would end it. */
  readonly isUnseparated: boolean;
}

/** Answers to any packet: it is not known, or it failed. */
export type Failure =
  /** The empty reply. */
  | { readonly kind: 'unsupported' }
  /** `Enn`; with a text for LLDB after `QEnableErrorStrings` (`Enn;hextext`). */
  | { readonly kind: 'error'; readonly number: number; readonly text?: string }
  /** `E.text`. */
  | { readonly kind: 'error-text'; readonly text: string };

interface RowOptions {
  readonly prefix?: string;
  readonly isUnseparated?: boolean;
}

export function packet<const Name extends string, Fields extends object, Answer extends object>(
  name: Name,
  fields: Format<Fields>,
  answer: Format<Answer>,
  { prefix = name, isUnseparated = false }: RowOptions = {},
): PacketRow<Name, Fields, Answer> {
  return { name, prefix, fields, answer, isUnseparated };
}

/** A packet as a value, from its row: `kind` is its name. */
export type PacketOfRow<Row> =
  Row extends PacketRow<infer Name, infer Fields, object> ? { readonly kind: Name } & Fields : never;

/** Every reply that a row allows. */
export type ReplyOfRow<Row> = Row extends { readonly answer: infer Answer }
  ? ValueOf<Answer> | Failure
  : never;
