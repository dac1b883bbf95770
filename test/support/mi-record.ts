/** Output records of gdb's machine interface (GDB manual, node "GDB/MI Output Syntax"). */

export type MiValue = string | readonly MiValue[] | MiTuple;
export interface MiTuple {
  readonly [name: string]: MiValue;
}

export type MiRecord =
  | {
      readonly kind: 'result';
      readonly token: number | undefined;
      readonly class: string;
      readonly fields: MiTuple;
    }
  | { readonly kind: 'exec' | 'notify' | 'status'; readonly class: string; readonly fields: MiTuple }
  /** `text` is unescaped. */
  | { readonly kind: 'console' | 'log' | 'target'; readonly text: string }
  | { readonly kind: 'prompt' }
  /** Something that is not of MI, such as output of the program in the stdio mode. */
  | { readonly kind: 'other'; readonly text: string };

const streams = { '~': 'console', '&': 'log', '@': 'target' } as const;
const classes = { '^': 'result', '*': 'exec', '=': 'notify', '+': 'status' } as const;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\x1b' };

class Reader {
  #at = 0;
  constructor(readonly text: string) {}

  get next(): string {
    return this.text[this.#at] ?? '';
  }

  skip(expected: string): void {
    if (this.next !== expected) throw new SyntaxError(`no ${expected} at ${this.#at} of ${this.text}`);
    this.#at += 1;
  }

  take(pattern: RegExp): string {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

function readString(reader: Reader): string {
  reader.skip('"');
  const raw = reader.take(/(?:[^"\\]|\\.)*/s);
  reader.skip('"');
  return unescapeText(raw);
}

function unescapeText(raw: string): string {
  return raw.replace(/\\([0-7]{3}|.)/gs, (_all, code: string) =>
    /^[0-7]{3}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (escapes[code] ?? code),
  );
}

function readValue(reader: Reader): MiValue {
  if (reader.next === '"') return readString(reader);
  if (reader.next === '{') {
    reader.skip('{');
    const fields = readFields(reader);
    reader.skip('}');
    return fields;
  }
  reader.skip('[');
  const items: MiValue[] = [];
  while (reader.next !== ']') {
    // A list may hold `name=value`, as in `stack=[frame={…},frame={…}]`: the name says nothing new.
    if (!'"{['.includes(reader.next)) reader.take(/[^=]*=/);
    items.push(readValue(reader));
    if (reader.next === ',') reader.skip(',');
  }
  reader.skip(']');
  return items;
}

function readFields(reader: Reader): MiTuple {
  const fields: Record<string, MiValue> = {};
  while (reader.next !== '' && reader.next !== '}') {
    // A breakpoint with several locations brings bare tuples behind its own.
    const name = reader.take(/[^=,"{[]*/);
    if (reader.next === '=') reader.skip('=');
    // A word without a value, as in `traceframe-changed,end`.
    const value = name !== '' && reader.next === '' ? '' : readValue(reader);
    if (name !== '') fields[name] = value;
    if (reader.next === ',') reader.skip(',');
  }
  return fields;
}

/** @param line one line without its newline */
export function parseMiRecord(line: string): MiRecord {
  if (/^\(gdb\) ?$/.test(line)) return { kind: 'prompt' };
  const match = /^(\d*)([\^*=+~&@])(.*)$/s.exec(line);
  if (match === null) return { kind: 'other', text: line };
  const [, digits = '', mark = '', rest = ''] = match;
  if (mark === '~' || mark === '&' || mark === '@')
    return { kind: streams[mark], text: readString(new Reader(rest)) };
  const reader = new Reader(rest);
  const name = reader.take(/[^,]*/);
  if (reader.next === ',') reader.skip(',');
  const fields = readFields(reader);
  const kind = mark === '^' || mark === '*' || mark === '=' ? classes[mark] : classes['+'];
  if (kind !== 'result') return { kind, class: name, fields };
  return { kind, token: digits === '' ? undefined : Number(digits), class: name, fields };
}
