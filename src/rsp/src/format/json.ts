/** JSON in packets, as LLDB has it. Numbers are JavaScript's; integers that they cannot hold are refused. */
import { decodeUtf8 } from '../hex.js';
import { ProtocolError } from '../protocol-error.js';
import type { Format } from './format.js';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

/** Everything that is left, as JSON. */
export const json: Format<JsonValue> = {
  structure: { kind: 'own', name: 'json' },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => parseJson(decodeUtf8(fields.restBytes())),
  write: (value, to) => to.bytes(new TextEncoder().encode(JSON.stringify(value))),
};

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError(`no JSON: ${text.slice(0, 60)}`, { cause: error });
  }
}

/** Reads a JSON value as a value of its own type, and back. */
export interface JsonShape<T> {
  /** @throws ProtocolError */
  read(value: JsonValue): T;
  write(value: T): JsonValue;
}

/** A format of JSON that has this shape. */
export function shaped<T>(name: string, shape: JsonShape<T>): Format<T> {
  return {
    structure: { kind: 'own', name },
    begins: (fields) => !fields.isAtEnd,
    read: (fields) => shape.read(json.read(fields)),
    write: (value, to) => json.write(shape.write(value), to),
  };
}

/** @throws ProtocolError */
export function jsonArray(value: JsonValue, what: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new ProtocolError(`${what} is no array`);
  return value;
}

/** The members of an object. @throws ProtocolError */
export function jsonMembers(value: JsonValue, what: string): ReadonlyMap<string, JsonValue> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ProtocolError(`${what} is no object`);
  return new Map(Object.entries(value));
}

/** @throws ProtocolError */
export function jsonText(value: JsonValue | undefined, what: string): string {
  if (typeof value !== 'string') throw new ProtocolError(`${what} is no text`);
  return value;
}

/** An integer that is exact. @throws ProtocolError */
export function jsonInteger(value: JsonValue | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new ProtocolError(`${what} is no integer, or one of more than 53 bits`);
  return value;
}
