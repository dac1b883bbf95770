/**
 * The target description, GDB manual "Target Description Format", with the attributes that LLDB adds (altname, generic,
 * encoding, format, dwarf_regnum, ehframe_regnum, value_regnums).
 */
import type { RegisterRole } from './module.js';

/** A type of the target description, GDB manual "Target Description Format". Built-in types have no row. */
export type TypeRow =
  | { readonly kind: 'vector'; readonly id: string; readonly element: string; readonly count: number }
  | { readonly kind: 'union'; readonly id: string; readonly members: readonly (readonly [string, string])[] }
  /** Named bits: [name, first bit, last bit]; without a last one it is the first. */
  | {
      readonly kind: 'flags';
      readonly id: string;
      readonly sizeBytes: number;
      readonly bits: readonly (readonly [string, number, number?])[];
    };

export interface FeatureTypes {
  readonly name: string;
  /** Those that its registers have, each before it is used. */
  readonly types: readonly TypeRow[];
}

/** What the description says of a register. */
export interface DescribedRegister<FeatureKey extends string> {
  readonly name: string;
  readonly feature: FeatureKey;
  readonly bits: number;
  readonly type: string;
  readonly group?: 'float' | 'vector' | 'system';
  readonly role?: RegisterRole;
  readonly dwarf?: number;
  /** Second name, and place among the arguments of a call: for LLDB. */
  readonly altName?: string;
  readonly argument?: number;
  /** Clients do not save and restore it around a call that they have the program make. */
  readonly isNotSaved?: boolean;
  /** Number of the register that this one is the lowest part of: only for LLDB, which reads and writes that one. */
  readonly lowestPartOf?: number;
}

/** LLDB's names for what registers are for. */
const genericNames: Readonly<Partial<Record<RegisterRole, string>>> = {
  pc: 'pc',
  sp: 'sp',
  fp: 'fp',
  flags: 'flags',
  'return-address': 'ra',
  'thread-pointer': 'tp',
};

type Attributes = Readonly<Record<string, string | number | undefined>>;

function tag(name: string, attributes: Attributes, end: '>' | '/>'): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${value}"`],
  );
  return `<${name}${written.join('')}${end}`;
}

function typeLines(type: TypeRow): string[] {
  switch (type.kind) {
    case 'vector':
      return [tag('vector', { id: type.id, type: type.element, count: type.count }, '/>')];
    case 'union': {
      const fields = type.members.map(([name, member]) => tag('field', { name, type: member }, '/>'));
      return [tag('union', { id: type.id }, '>'), ...fields.map((field) => `  ${field}`), '</union>'];
    }
    case 'flags': {
      const fields = type.bits.map(([name, first, last = first]) =>
        tag('field', { name, start: first, end: last }, '/>'),
      );
      const start = tag('flags', { id: type.id, size: type.sizeBytes }, '>');
      return [start, ...fields.map((field) => `  ${field}`), '</flags>'];
    }
  }
}

/** How LLDB shows the register, where it would not get it from the type. */
function presentation(row: DescribedRegister<string>): Attributes {
  if (row.type === 'code_ptr') return { encoding: 'uint', format: 'hex' };
  if (row.type.startsWith('ieee_')) return { encoding: 'ieee754', format: 'float' };
  if (row.type === 'uint128' || (row.group === 'vector' && row.bits > 64))
    return { encoding: 'vector', format: 'vector-uint8' };
  return {};
}

function registerLine(row: DescribedRegister<string>, number: number): string {
  const { name, bits, type, group, altName, argument, role, dwarf, isNotSaved, lowestPartOf } = row;
  const generic = argument === undefined ? role && genericNames[role] : `arg${argument}`;
  return tag(
    'reg',
    {
      name,
      bitsize: bits,
      type,
      regnum: number,
      group,
      'save-restore': isNotSaved === true ? 'no' : undefined,
      altname: altName,
      generic,
      ...presentation(row),
      dwarf_regnum: dwarf,
      ehframe_regnum: dwarf,
      value_regnums: lowestPartOf,
    },
    '/>',
  );
}

function featureLines(feature: FeatureTypes, registers: readonly string[]): string[] {
  const body = [...feature.types.flatMap(typeLines), ...registers];
  return [tag('feature', { name: feature.name }, '>'), ...body.map((line) => `  ${line}`), '</feature>'];
}

/** The document (XML, ASCII) for exactly these registers; the position of a row is its number. */
export function targetDescription<FeatureKey extends string>(
  architecture: string,
  features: Readonly<Record<FeatureKey, FeatureTypes>>,
  rows: readonly DescribedRegister<FeatureKey>[],
): string {
  const registersOf = new Map<FeatureKey, string[]>();
  for (const [number, row] of rows.entries()) {
    const lines = registersOf.get(row.feature) ?? [];
    registersOf.set(row.feature, lines);
    lines.push(registerLine(row, number));
  }
  const body = [...registersOf].flatMap(([feature, registers]) => featureLines(features[feature], registers));
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
    '<target version="1.0">',
    `  <architecture>${architecture}</architecture>`,
    '  <osabi>GNU/Linux</osabi>',
    ...body.map((line) => `  ${line}`),
    '</target>',
    '',
  ].join('\n');
}

const forLldbOnly = / (?:altname|generic|encoding|format|dwarf_regnum|ehframe_regnum)="[^"]*"/g;

/** Registers that only LLDB takes for what they are, parts of others. */
const parts = / *<reg [^>]* value_regnums="[^>]*>\n/g;

/** The document for clients that are not known. */
export function withoutParts(description: string): string {
  return description.replace(parts, '');
}

/** GDB reads no lines of 2000 bytes and more back out of trace files. */
const longestLineBytes = 1000;

/**
 * The same in as few bytes as can be, for GDB, which fetches 4096 of them at a time: without what only LLDB reads, without
 * numbers that follow from the order, and with few lines.
 */
export function forGdb(description: string): string {
  let next = 0;
  let lineStart = 0;
  const short = withoutParts(description)
    .replace(forLldbOnly, '')
    .replace(/ regnum="(\d+)"/g, (attribute, digits: string) => {
      const isNext = Number(digits) === next;
      next = Number(digits) + 1;
      return isNext ? '' : attribute;
    })
    .split(/\n */);
  return short.reduce((text, element) => {
    if (text.length + element.length - lineStart <= longestLineBytes) return text + element;
    lineStart = text.length + 1;
    return `${text}\n${element}`;
  });
}
