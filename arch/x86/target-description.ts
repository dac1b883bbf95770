/**
 * The target description, GDB manual "Target Description Format". One document for all clients: gdb passes over the
 * attributes that LLDB adds (altname, generic, encoding, format, dwarf_regnum, ehframe_regnum).
 */
import type { RegisterRole } from '../module.js';
import { type FeatureKey, type FeatureRow, features, type TypeRow } from './features.js';
import type { RegisterRow } from './register-row.js';

/** LLDB's names for what registers are for. */
const genericNames: Readonly<Partial<Record<RegisterRole, string>>> = {
  pc: 'pc',
  sp: 'sp',
  fp: 'fp',
  flags: 'flags',
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
      const fields = type.bits.map(([name, bit]) => tag('field', { name, start: bit, end: bit }, '/>'));
      const start = tag('flags', { id: type.id, size: type.sizeBytes }, '>');
      return [start, ...fields.map((field) => `  ${field}`), '</flags>'];
    }
  }
}

/** How LLDB shows the register, where it would not get it from the type. */
function presentation(row: RegisterRow): Attributes {
  if (row.type === 'code_ptr') return { encoding: 'uint', format: 'hex' };
  if (row.group === 'vector' && row.bits > 64) return { encoding: 'vector', format: 'vector-uint8' };
  return {};
}

function registerLine(row: RegisterRow, number: number): string {
  const { name, bits, type, group, altName, argument, role, dwarf } = row;
  const generic = argument === undefined ? role && genericNames[role] : `arg${argument}`;
  return tag(
    'reg',
    {
      name,
      bitsize: bits,
      type,
      regnum: number,
      group,
      altname: altName,
      generic,
      ...presentation(row),
      dwarf_regnum: dwarf,
      ehframe_regnum: dwarf,
    },
    '/>',
  );
}

function featureLines(feature: FeatureRow, registers: readonly string[]): string[] {
  const body = [...feature.types.flatMap(typeLines), ...registers];
  return [tag('feature', { name: feature.name }, '>'), ...body.map((line) => `  ${line}`), '</feature>'];
}

/** The document (XML, ASCII) for exactly these registers; the position of a row is its number. */
export function targetDescription(architecture: string, rows: readonly RegisterRow[]): string {
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
