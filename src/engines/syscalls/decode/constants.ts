/** Tables of named numbers of the kernel's interface, and how values are written by them. */

export interface Constants {
  readonly rows: readonly (readonly [name: string, value: bigint])[];
  /** Of names that are not in the table: `FLAG_???`. */
  readonly unknown: string;
}

/** @param text names and values in turn, in the order in which flags are shown; octal with a leading 0, as in C */
export function constants(unknown: string, text: string): Constants {
  const words = text.trim().split(/\s+/);
  const rows: (readonly [string, bigint])[] = [];
  for (let at = 0; at < words.length; at += 2) rows.push([words[at] ?? '', numberIn(words[at + 1] ?? '')]);
  return { rows, unknown };
}

/** Names whose values follow each other. */
export function enumeration(unknown: string, prefix: string, first: number, names: string): Constants {
  const rows = names
    .trim()
    .split(/\s+/)
    .map((name, index) => [prefix + name, BigInt(first + index)] as const)
    .filter(([name]) => name !== `${prefix}-`);
  return { rows, unknown };
}

function numberIn(text: string): bigint {
  return BigInt(/^0\d/.test(text) ? `0o${text.slice(1)}` : text);
}

export function nameOf(value: bigint, table: Constants): string | undefined {
  return table.rows.find(([, known]) => known === value)?.[0];
}

/** One of the names. */
export function oneOf(value: bigint, table: Constants): string {
  return nameOf(value, table) ?? `${hex(value)} /* ${table.unknown} */`;
}

/** Names of bits joined by `|`; what has no name is a number in the end. */
export function flagsOf(value: bigint, table: Constants): string {
  if (value === 0n) return nameOf(0n, table) ?? '0';
  const { names, rest } = splitFlags(value, table);
  if (names.length === 0) return `${hex(rest)} /* ${table.unknown} */`;
  return [...names, ...(rest === 0n ? [] : [hex(rest)])].join('|');
}

export function splitFlags(value: bigint, table: Constants): { names: string[]; rest: bigint } {
  let rest = value;
  const names: string[] = [];
  for (const [name, bits] of table.rows) {
    if (bits === 0n || (rest & bits) !== bits) continue;
    names.push(name);
    rest &= ~bits;
  }
  return { names, rest };
}

export function hex(value: bigint): string {
  return value === 0n ? '0' : `0x${value.toString(16)}`;
}

/** As C writes numbers for people who count in eights: with one leading zero. */
export function octal(value: bigint): string {
  return value === 0n ? '0' : `0${value.toString(8)}`;
}
