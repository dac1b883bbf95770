/** How a value stands in a packet: one description, for both directions. */
import type { FieldReader } from '../field-reader.js';
import type { FieldWriter } from './field-writer.js';

/**
 * `read` throws ProtocolError for what does not fit, `write` RangeError for a value that no packet can carry. Both are
 * methods, so that formats of single values can stand where formats of any value may.
 */
export interface Format<T> {
  readonly structure: Structure;
  read(fields: FieldReader): T;
  write(value: T, to: FieldWriter): void;
  /** Whether what comes next can be the beginning of such a value; takes nothing. */
  begins(fields: FieldReader): boolean;
}

/** What a format consists of, for those who explain packets or make up values. */
export type Structure =
  /** A number without sign: hex or decimal, `digits` of them at least. */
  | { readonly kind: 'number'; readonly base: 10 | 16; readonly digits: number; readonly most: number }
  | { readonly kind: 'signed-number' }
  /** A hex number as `bigint`. */
  | { readonly kind: 'bigint'; readonly bits: number }
  /** Bytes in hex, or raw up to the end. */
  | { readonly kind: 'bytes'; readonly form: 'hex' | 'binary' }
  /** Unicode text in hex, or one byte a character up to one of the characters `until`. */
  | { readonly kind: 'text'; readonly form: 'hex' | 'plain'; readonly until: string; readonly least: number }
  /** One of several words, each for a value. */
  | { readonly kind: 'word'; readonly values: readonly unknown[] }
  | { readonly kind: 'list'; readonly of: Format<unknown>; readonly least: number }
  | { readonly kind: 'record'; readonly items: readonly ItemStructure[] }
  | { readonly kind: 'choice'; readonly options: Readonly<Record<string, Format<object>>> }
  /** `key:value;` in any order, each at most once; other keys in `others`. */
  | { readonly kind: 'keyed'; readonly keys: Readonly<Record<string, Format<unknown>>> }
  /** A format with code of its own. */
  | { readonly kind: 'own'; readonly name: string };

/** A part of a record: a member of it, or several that are there together or not at all. */
export type ItemStructure =
  | { readonly kind: 'member'; readonly name: string; readonly format: Format<unknown> }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'optional'; readonly items: readonly ItemStructure[] };

/** The values of a format. */
export type ValueOf<F> = F extends Format<infer T> ? T : never;
