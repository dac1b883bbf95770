/** The words of `outstep watch`. */
import { modulesOn } from '../../../../arch/index.js';
import { systemCallsOf } from '../../../../arch/system-calls.js';
import type { Pid } from '../../../base/ids.js';
import type { RecordKind } from '../../../event-log/index.js';
import { nativeBinding } from '../../../native/binding.js';
import { UsageError } from '../../usage-error.js';
import { parseWords, pidOf } from '../words.js';

export interface WatchWords {
  readonly pid: Pid | undefined;
  /** Empty: a process is attached to. */
  readonly program: readonly string[];
  readonly kinds: ReadonlySet<RecordKind>;
  readonly calls: readonly string[];
  /** undefined: every one is watched. */
  readonly names: ReadonlySet<string> | undefined;
  readonly users: ReadonlySet<number> | undefined;
  readonly isJson: boolean;
  readonly output: string | undefined;
  readonly trace: string | undefined;
  readonly ring: { readonly count: number; readonly file: string } | undefined;
}

/** Words for --events, and what is told by each. */
const groups: Readonly<Record<string, readonly RecordKind[]>> = {
  fork: ['fork'],
  exec: ['exec'],
  exit: ['exit'],
  signal: ['signal', 'group-stop'],
  thread: ['thread-start', 'thread-exit'],
  library: ['library'],
};

export const eventWords: readonly string[] = Object.keys(groups);

/** @throws UsageError */
export function parseWatchWords(words: readonly string[]): WatchWords {
  const [own, program] = splitProgram(words);
  const { values, positionals } = parseWords(own, {
    events: { type: 'string', default: eventWords.join(',') },
    calls: { type: 'string', default: '' },
    comm: { type: 'string' },
    uid: { type: 'string' },
    json: { type: 'boolean', default: false },
    output: { type: 'string', short: 'o' },
    trace: { type: 'string' },
    ring: { type: 'string' },
  });
  const [id, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`Unknown argument: ${others[0]}`);
  if ((id === undefined) === (program.length === 0))
    throw new UsageError('Either a PID or a program behind -- is needed.');
  const calls = listOf(values.calls);
  return {
    pid: id === undefined ? undefined : pidOf(id),
    program,
    kinds: kindsOf(listOf(values.events), calls.length > 0),
    calls: checkedCalls(calls),
    names: values.comm === undefined ? undefined : new Set(listOf(values.comm)),
    users: values.uid === undefined ? undefined : new Set(listOf(values.uid).map(userOf)),
    isJson: values.json,
    output: values.output,
    trace: values.trace,
    ring: values.ring === undefined ? undefined : ringOf(values.ring),
  };
}

function splitProgram(
  words: readonly string[],
): readonly [own: readonly string[], program: readonly string[]] {
  const at = words.indexOf('--');
  return at < 0 ? [words, []] : [words.slice(0, at), words.slice(at + 1)];
}

function listOf(text: string): readonly string[] {
  return text.split(',').filter((word) => word !== '');
}

function kindsOf(words: readonly string[], withCalls: boolean): ReadonlySet<RecordKind> {
  const unknown = words.find((word) => groups[word] === undefined);
  if (unknown !== undefined) throw new UsageError(`--events knows ${eventWords.join(', ')}, not ${unknown}.`);
  const calls: readonly RecordKind[] = withCalls ? ['call', 'return'] : [];
  return new Set<RecordKind>(['start', 'left', ...words.flatMap((word) => groups[word] ?? []), ...calls]);
}

function checkedCalls(names: readonly string[]): readonly string[] {
  const tables = modulesOn(nativeBinding().machineFacts().machine).map(systemCallsOf);
  const unknown = names.find((name) => tables.every((table) => table.numberOf(name) === undefined));
  if (unknown !== undefined) throw new UsageError(`--calls: no system call is called ${unknown}.`);
  return names;
}

function userOf(word: string): number {
  if (!/^\d+$/.test(word)) throw new UsageError(`--uid needs numbers, not ${word}.`);
  return Number(word);
}

function ringOf(text: string): { readonly count: number; readonly file: string } {
  const [, count, file] = /^([1-9]\d{0,6}):(.+)$/s.exec(text) ?? [];
  if (count === undefined || file === undefined)
    throw new UsageError(`--ring needs COUNT:FILE, not ${text}.`);
  return { count: Number(count), file };
}
