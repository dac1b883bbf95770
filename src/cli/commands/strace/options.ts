/** The command line of `outstep strace`: strace's options, as far as they are there. */
import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { LineStyle, SummaryStyle, TraceOptions } from '../../../engines/syscalls/index.js';
import { UsageError } from '../../usage-error.js';
import { type Expressions, parseExpressions, type QuietWord, quietWords } from './expressions.js';
import { summaryStyle } from './summary-style.js';
import { durationDigits, relativeDigits, timestamps } from './times.js';

type Decoding = Pick<
  TraceOptions,
  'stringLimit' | 'describesDescriptors' | 'describesDetails' | 'escapes' | 'paths'
>;

export interface StraceOptions extends Expressions, Decoding {
  readonly program: readonly string[];
  readonly pids: readonly number[];
  /** Variables that are set or, undefined, taken out, for the program. */
  readonly variables: ReadonlyMap<string, string | undefined>;
  /** Who the program runs as; undefined: as this process. */
  readonly user: string | undefined;
  readonly followsChildren: boolean;
  /** Where records go; undefined: standard error. Behind `|` it is a command. */
  readonly file: string | undefined;
  readonly appends: boolean;
  /** A file for each thread, `FILE.TID`. */
  readonly hasFilePerThread: boolean;
  readonly form: 'text' | 'json' | 'summary' | 'text-and-summary';
  readonly summary: SummaryStyle;
  /** How lines look, whatever stands in front for the thread. */
  readonly style: Omit<LineStyle, 'threads'>;
  readonly showsStack: boolean;
  /** What is told of paths that are not what they are in the end. */
  readonly resolvedPaths: ReadonlyMap<string, string>;
}

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;

const known = {
  'follow-forks': { ...flag, short: 'f' },
  'output-separately': flag,
  attach: { ...value, short: 'p' },
  expression: { ...value, short: 'e' },
  env: { ...value, short: 'E' },
  user: { ...value, short: 'u' },
  output: { ...value, short: 'o' },
  'output-append-mode': { ...flag, short: 'A' },
  'string-limit': { ...value, short: 's' },
  columns: { ...value, short: 'a' },
  'summary-only': { ...flag, short: 'c' },
  summary: { ...flag, short: 'C' },
  'summary-sort-by': { ...value, short: 'S' },
  'summary-columns': { ...value, short: 'U' },
  'summary-syscall-overhead': { ...value, short: 'O' },
  'summary-wall-clock': { ...flag, short: 'w' },
  'stack-traces': { ...flag, short: 'k' },
  'syscall-number': { ...flag, short: 'n' },
  'decode-fds': { ...flag, short: 'y' },
  'absolute-timestamps': { ...flag, short: 't' },
  'relative-timestamps': { ...flag, short: 'r' },
  'syscall-times': { ...flag, short: 'T' },
  'no-abbrev': { ...flag, short: 'v' },
  'strings-in-hex': { ...flag, short: 'x' },
  'successful-only': { ...flag, short: 'z' },
  'failed-only': { ...flag, short: 'Z' },
  'trace-path': { ...value, short: 'P' },
  quiet: { ...flag, short: 'q' },
  json: flag,
  'seccomp-bpf': flag,
  trace: value,
  inject: value,
  fault: value,
  signal: value,
  status: value,
  abbrev: value,
  raw: value,
  read: value,
  write: value,
} as const;

type Name = keyof typeof known;

/** Flags that may have a value all the same, behind `=`. */
const withValue: ReadonlySet<Name> = new Set([
  'decode-fds',
  'absolute-timestamps',
  'relative-timestamps',
  'syscall-times',
  'strings-in-hex',
  'quiet',
]);
const expressions = [
  'trace',
  'inject',
  'fault',
  'signal',
  'status',
  'abbrev',
  'raw',
  'read',
  'write',
] as const;

/** Each time that an option was given, in order: what was said with it, if anything. */
export type Given = ReadonlyMap<Name, readonly (string | undefined)[]>;

const usualStringLimit = 32;

/** @throws UsageError */
export function parseOptions(words: readonly string[]): StraceOptions {
  const { given, program } = parse(words);
  const has = (name: Name): boolean => given.has(name);
  const all = (name: Name): string[] => (given.get(name) ?? []).flatMap((one) => one ?? []);
  const pids = all('attach').flatMap((list) =>
    list
      .trim()
      .split(/[\s,]+/)
      .map(pidOf),
  );
  if (program.length === 0 && pids.length === 0) throw new UsageError('A program, or -p PID, is missing.');
  const file = all('output').at(-1);
  const isSummaryOnly = has('summary-only');
  if (isSummaryOnly && has('json')) throw new UsageError('-c and --json exclude each other.');
  const said = parseExpressions([
    ...all('expression'),
    ...expressions.flatMap((name) => all(name).map((one) => `${name}=${one}`)),
    ...(has('successful-only') ? ['status=successful'] : []),
    ...(has('failed-only') ? ['status=failed'] : []),
    ...all('quiet').map((one) => `quiet=${one}`),
  ]);
  const summary = has('summary') ? 'text-and-summary' : 'text';
  const quiet = new Set([...said.quiet, ...quietBy(given)]);
  return {
    ...said,
    ...decodingOf(given, all),
    quiet,
    isWhole: said.isWhole || has('no-abbrev'),
    program,
    pids,
    variables: new Map(all('env').map(variableOf)),
    user: all('user').at(-1),
    followsChildren: has('follow-forks'),
    file,
    appends: has('output-append-mode'),
    hasFilePerThread:
      file !== undefined && (has('output-separately') || (given.get('follow-forks')?.length ?? 0) > 1),
    form: isSummaryOnly ? 'summary' : has('json') ? 'json' : summary,
    summary: summaryStyle(
      all('summary-columns').at(-1),
      all('summary-sort-by').at(-1),
      all('summary-syscall-overhead').at(-1),
    ),
    style: {
      ...timestamps(given.get('absolute-timestamps')),
      relativeDigits: relativeDigits(given.get('relative-timestamps')),
      durationDigits: durationDigits(given.get('syscall-times')),
      showsNumber: has('syscall-number'),
      resultColumn: has('columns') ? numberOf(all('columns').at(-1), '-a') : undefined,
      hides: new Set([
        ...(quiet.has('exit') ? (['exit'] as const) : []),
        ...(quiet.has('thread-execve') ? (['superseded'] as const) : []),
      ]),
    },
    showsStack: has('stack-traces'),
    resolvedPaths: resolvedBy(all('trace-path')),
  };
}

function decodingOf(given: Given, all: (name: Name) => string[]): Decoding {
  const details = given.get('decode-fds') ?? [];
  const hex = given.get('strings-in-hex') ?? [];
  const paths = all('trace-path');
  return {
    stringLimit:
      all('string-limit').length === 0 ? usualStringLimit : numberOf(all('string-limit').at(-1), '-s'),
    describesDescriptors: details.length > 0,
    describesDetails: details.length > 1 || details.some((one) => one !== undefined && one !== 'path'),
    escapes: hex.length === 0 ? 'octal' : hex.length > 1 || hex.includes('all') ? 'hex' : 'hex-where-needed',
    paths: paths.length === 0 ? undefined : new Set([...paths, ...resolvedBy(paths).values()]),
  };
}

/** By how often -q is there. */
function quietBy(given: Given): readonly QuietWord[] {
  const count = (given.get('quiet') ?? []).filter((one) => one === undefined).length;
  if (count > 2) return quietWords;
  return [
    ...(count > 0 ? (['attach', 'personality'] as const) : []),
    ...(count > 1 ? (['exit'] as const) : []),
  ];
}

/** Where paths lead that are given in another form; those that lead nowhere are left out. */
function resolvedBy(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    paths.flatMap((path) => {
      try {
        const found = realpathSync(path);
        return found === path ? [] : [[path, found] as const];
      } catch {
        return [];
      }
    }),
  );
}

/** Everything from the first word on that is no option is the program's. */
function parse(words: readonly string[]): { given: Given; program: readonly string[] } {
  const { tokens } = parseArgs({
    args: [...words],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<Name, (string | undefined)[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') return { given, program: words.slice(token.index) };
    if (token.kind === 'option-terminator') return { given, program: words.slice(token.index + 1) };
    const { name, rawName } = token;
    if (!isKnown(name)) throw new UsageError(`Unknown option '${rawName}'`);
    const takesValue = known[name].type === 'string';
    if (takesValue && token.value === undefined) throw new UsageError(`Option '${rawName}' needs a value`);
    if (!takesValue && token.value !== undefined && !withValue.has(name))
      throw new UsageError(`Option '${rawName}' takes no value`);
    given.set(name, [...(given.get(name) ?? []), token.value]);
  }
  return { given, program: [] };
}

function isKnown(name: string): name is Name {
  return Object.hasOwn(known, name);
}

function pidOf(text: string): number {
  const pid = /^\d+$/.test(text) ? Number(text) : 0;
  if (pid < 1 || pid > 0x7fffffff) throw new UsageError(`Not a process id: ${text}`);
  return pid;
}

function variableOf(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function numberOf(text: string | undefined, option: string): number {
  if (text === undefined || !/^\d+$/.test(text))
    throw new UsageError(`${option} needs a number, not ${text}`);
  return Number(text);
}
