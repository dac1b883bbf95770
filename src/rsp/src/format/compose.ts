/** Formats made of others: records with fixed texts between their members, lists, choices, `key:value;` lists. */
import { asciiBytes, asciiText } from '../ascii.js';
import { FieldReader } from '../field-reader.js';
import { FieldWriter } from './field-writer.js';
import type { Format, ItemStructure, ValueOf } from './format.js';

/** A part of a record, with the members that it gives to it. */
export interface Part<Members extends object> {
  readonly structure: ItemStructure;
  begins(fields: FieldReader): boolean;
  read(fields: FieldReader): Members;
  write(record: Members, to: FieldWriter): void;
}

/** A text that stands there as it is, or a part. */
type Item = string | Part<object>;

type MembersOf<Items extends readonly Item[]> = Items extends readonly [infer First, ...infer Rest]
  ? (First extends Part<infer Members> ? Members : unknown) &
      (Rest extends readonly Item[] ? MembersOf<Rest> : unknown)
  : unknown;

type Flat<T> = { readonly [K in keyof T]: T[K] };

function beginsItem(item: Item | undefined, fields: FieldReader): boolean {
  if (item === undefined) return fields.isAtEnd;
  return typeof item === 'string' ? fields.startsWith(item) : item.begins(fields);
}

function readItems(items: readonly Item[], fields: FieldReader): object {
  const record = {};
  for (const item of items) {
    if (typeof item === 'string') fields.expectText(item);
    else Object.assign(record, item.read(fields));
  }
  return record;
}

function writeItems(items: readonly Item[], record: object, to: FieldWriter): void {
  for (const item of items) {
    if (typeof item === 'string') to.text(item);
    else item.write(record, to);
  }
}

function structures(items: readonly Item[]): readonly ItemStructure[] {
  return items.flatMap((item) => (typeof item === 'string' ? [] : [item.structure]));
}

/** A record: its items one behind the other. */
export function record<const Items extends readonly Item[]>(
  ...items: Items
): Format<Flat<MembersOf<Items>> & object> {
  return {
    structure: { kind: 'record', items: structures(items) },
    begins: (fields) => beginsItem(items[0], fields),
    // The items give exactly these members, which only their types tell.
    read: (fields) => readItems(items, fields) as Flat<MembersOf<Items>> & object,
    write: (value, to) => writeItems(items, value, to),
  };
}

/** A member. */
export function member<const Name extends string, T>(
  name: Name,
  format: Format<T>,
): Part<{ readonly [K in Name]: T }> {
  return {
    structure: { kind: 'member', name, format },
    begins: (fields) => format.begins(fields),
    read: (fields) => ({ [name]: format.read(fields) }) as { readonly [K in Name]: T },
    write: (value, to) => format.write(value[name], to),
  };
}

/** A member that is true where `text` stands. */
export function flag<const Name extends string>(
  name: Name,
  text: string,
): Part<{ readonly [K in Name]: boolean }> {
  return {
    structure: { kind: 'flag', name },
    begins: (fields) => fields.startsWith(text),
    read: (fields) => ({ [name]: fields.acceptText(text) }) as { readonly [K in Name]: boolean },
    write: (value, to) => to.text(value[name] ? text : ''),
  };
}

/** Members that may be missing together: they are there when the first item is. */
export function optional<const Items extends readonly Item[]>(
  ...items: Items
): Part<Partial<Flat<MembersOf<Items>>>> {
  return optionalWhen((fields) => beginsItem(items[0], fields), items);
}

/** As `optional`; they are there when `text` comes next, of which the items then take what is theirs. */
export function optionalAt<const Items extends readonly Item[]>(
  text: string,
  ...items: Items
): Part<Partial<Flat<MembersOf<Items>>>> {
  return optionalWhen((fields) => fields.startsWith(text), items);
}

/** As `optional`; they are there unless `text` comes next. */
export function optionalUnless<const Items extends readonly Item[]>(
  text: string,
  ...items: Items
): Part<Partial<Flat<MembersOf<Items>>>> {
  return optionalWhen((fields) => !fields.startsWith(text), items);
}

function optionalWhen<const Items extends readonly Item[]>(
  begins: (fields: FieldReader) => boolean,
  items: Items,
): Part<Partial<Flat<MembersOf<Items>>>> {
  const inner = structures(items);
  return {
    structure: { kind: 'optional', items: inner },
    begins,
    read: (fields) => (begins(fields) ? readItems(items, fields) : {}) as Partial<Flat<MembersOf<Items>>>,
    write: (value, to) => {
      if (inner.some((item) => item.kind !== 'optional' && item.name in value)) writeItems(items, value, to);
    },
  };
}

/** A text that is written, and may be missing where it is read. */
export function tolerated(text: string): Part<object> {
  return {
    structure: { kind: 'optional', items: [] },
    begins: (fields) => fields.startsWith(text),
    read: (fields) => {
      fields.acceptText(text);
      return {};
    },
    write: (_value, to) => to.text(text),
  };
}

/** Values with a text between them; an empty list where none begins. */
export function separated<T>(of: Format<T>, separator: string, least = 0): Format<readonly T[]> {
  return {
    structure: { kind: 'list', of, least },
    begins: (fields) => least === 0 || of.begins(fields),
    read: (fields) => {
      const values: T[] = [];
      if (least === 0 && !of.begins(fields)) return values;
      do values.push(of.read(fields));
      while (fields.acceptText(separator));
      return values;
    },
    write: (values, to) => {
      if (values.length < least) throw new RangeError('an empty list');
      for (const [index, value] of values.entries()) {
        if (index > 0) to.text(separator);
        of.write(value, to);
      }
    },
  };
}

/** Values with a text behind each; behind the last one it may be missing. */
export function terminated<T>(of: Format<T>, terminator: string): Format<readonly T[]> {
  return {
    structure: { kind: 'list', of, least: 0 },
    begins: () => true,
    read: (fields) => {
      const values: T[] = [];
      while (!fields.isAtEnd) {
        values.push(of.read(fields));
        if (!fields.acceptText(terminator)) break;
      }
      return values;
    },
    write: (values, to) => {
      for (const value of values) {
        of.write(value, to);
        to.text(terminator);
      }
    },
  };
}

/** Values with nothing between them, as long as one begins. */
export function repeated<T>(of: Format<T>, least = 0): Format<readonly T[]> {
  return {
    structure: { kind: 'list', of, least },
    begins: (fields) => least === 0 || of.begins(fields),
    read: (fields) => {
      const values: T[] = [];
      while (values.length < least || (!fields.isAtEnd && of.begins(fields))) values.push(of.read(fields));
      return values;
    },
    write: (values, to) => {
      if (values.length < least) throw new RangeError('an empty list');
      for (const value of values) of.write(value, to);
    },
  };
}

type Choice<Options extends Readonly<Record<string, Format<object>>>> = {
  [Kind in keyof Options]: Flat<{ readonly kind: Kind } & ValueOf<Options[Kind]>>;
}[keyof Options];

/** One of several records, told apart by `kind`: the first that can begin with what comes next. */
export function choice<const Options extends Readonly<Record<string, Format<object>>>>(
  options: Options,
): Format<Choice<Options>> {
  const entries = Object.entries<Format<object>>(options);
  return {
    structure: { kind: 'choice', options },
    begins: (fields) => entries.some(([, option]) => option.begins(fields)),
    read: (fields) => {
      for (const [kind, option] of entries) {
        if (option.begins(fields)) return { kind, ...option.read(fields) } as Choice<Options>;
      }
      return fields.fail(entries.map(([kind]) => kind).join(' or '));
    },
    write: (value, to) => {
      const option = options[value.kind];
      if (option === undefined) throw new RangeError(`no form for ${String(value.kind)}`);
      option.write(value, to);
    },
  };
}

/** A key without a member of its own, with its value as it stands there. */
export interface OtherPair {
  readonly key: string;
  readonly value: string;
}

/** The key on the wire, and how its value is written. */
export interface Key<T> {
  readonly key: string;
  readonly format: Format<T>;
}

export function key<T>(name: string, format: Format<T>): Key<T> {
  return { key: name, format };
}

type Keyed<Keys extends Readonly<Record<string, Key<unknown>>>> = {
  readonly [Name in keyof Keys]?: Keys[Name] extends Key<infer T> ? T : never;
} & { readonly others?: readonly OtherPair[] };

/** `key:value;` in any order; of a key that comes twice the last one counts. Written in the order of the table. */
export function keyed<const Keys extends Readonly<Record<string, Key<unknown>>>>(
  keys: Keys,
): Format<Keyed<Keys>> {
  const entries = Object.entries<Key<unknown>>(keys);
  const byKey = new Map(entries.map(([name, { key: wire, format }]) => [wire, { name, format }]));
  const formats = Object.fromEntries(entries.map(([name, { format }]) => [name, format]));
  return {
    structure: { kind: 'keyed', keys: formats },
    begins: () => true,
    read: (fields) => {
      const members: Record<string, unknown> = {};
      const others: OtherPair[] = [];
      for (const { key: wire, value } of readPairs(fields)) {
        const known = byKey.get(wire);
        if (known === undefined) others.push({ key: wire, value });
        else members[known.name] = readWhole(known.format, value);
      }
      return (others.length > 0 ? { ...members, others } : members) as Keyed<Keys>;
    },
    write: (value, to) => {
      for (const [name, { key: wire, format }] of entries) {
        const each = value[name];
        if (each === undefined) continue;
        to.text(`${wire}:`);
        format.write(each, to);
        to.text(';');
      }
      for (const { key: wire, value: text } of value.others ?? []) to.text(`${wire}:${text};`);
    },
  };
}

/** All that is left, as `key:value` pairs with `;` behind each. */
export function readPairs(fields: FieldReader): OtherPair[] {
  const pairs: OtherPair[] = [];
  while (!fields.isAtEnd) {
    const name = fields.textUntil(':', ';');
    fields.expect(':');
    const value = fields.textUntil(';');
    if (!fields.accept(';')) fields.expectEnd();
    pairs.push({ key: name, value });
  }
  return pairs;
}

function readWhole<T>(format: Format<T>, text: string): T {
  const fields = new FieldReader(asciiBytes(text));
  const value = format.read(fields);
  fields.expectEnd();
  return value;
}

/** A value as the text of a packet, one character a byte. */
export function textOf<T>(format: Format<T>, value: T): string {
  const to = new FieldWriter();
  format.write(value, to);
  return asciiText(to.toBytes());
}
