/** The words of `outstep run`. */
import { UsageError } from '../../usage-error.js';
import { parseWords } from '../words.js';

/** What is done with a process that crashes or hangs. */
export type Treatment = { readonly kind: 'report' } | { readonly kind: 'hold'; readonly comm: string };

export interface RunOptions {
  readonly treatment: Treatment;
  /** undefined: for as long as it takes. */
  readonly hangMs: number | undefined;
  /** A program that hangs is killed when it has been looked at. */
  readonly killsHung: boolean;
  readonly followsChildren: boolean;
  readonly eventCount: number;
  /** Where core files go, `%p` for the pid; undefined: nowhere. */
  readonly core: string | undefined;
  /** Where reports are added to; undefined: standard error. */
  readonly reportFile: string | undefined;
  readonly isJson: boolean;
  readonly program: string;
  readonly args: readonly string[];
}

/** @throws UsageError */
export function parseRunWords(words: readonly string[]): RunOptions {
  const [own, program] = splitProgram(words);
  const { values } = parseWords(own, {
    'on-crash': { type: 'string', default: 'report' },
    'on-hang': { type: 'string' },
    kill: { type: 'boolean', default: false },
    'leave-children': { type: 'boolean', default: false },
    events: { type: 'string', default: '50' },
    core: { type: 'string', default: 'core.%p' },
    'no-core': { type: 'boolean', default: false },
    report: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const [first, ...args] = program;
  if (first === undefined) throw new UsageError('The program is missing.');
  if (values.kill && values['on-hang'] === undefined) throw new UsageError('--kill needs --on-hang.');
  return {
    treatment: treatmentOf(values['on-crash']),
    hangMs: values['on-hang'] === undefined ? undefined : durationMs(values['on-hang']),
    killsHung: values.kill,
    followsChildren: !values['leave-children'],
    eventCount: countOf(values.events),
    core: values['no-core'] ? undefined : values.core,
    reportFile: values.report,
    isJson: values.json,
    program: first,
    args,
  };
}

/** The program begins at the first word that is no option, or behind `--`. */
function splitProgram(
  words: readonly string[],
): readonly [own: readonly string[], program: readonly string[]] {
  const valued = new Set(['--on-crash', '--on-hang', '--events', '--core', '--report']);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') return [words.slice(0, index), words.slice(index + 1)];
    if (!word.startsWith('-')) return [words.slice(0, index), words.slice(index)];
    if (valued.has(word)) index += 1;
  }
  return [words, []];
}

function treatmentOf(text: string): Treatment {
  if (text === 'report') return { kind: 'report' };
  const [, comm] = /^hold:(.+)$/s.exec(text) ?? [];
  if (comm === undefined) throw new UsageError(`--on-crash is report or hold:PORT, not ${text}.`);
  return { kind: 'hold', comm };
}

const unitsMs: Readonly<Record<string, number>> = { '': 1000, s: 1000, ms: 1, m: 60_000, h: 3_600_000 };

function durationMs(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const duration = Number(number) * (unitsMs[unit] ?? 0);
  // What a timer of Node can wait for.
  if (number === undefined || duration <= 0 || duration >= 2 ** 31)
    throw new UsageError(`--on-hang needs a time such as 60s, 500ms or 5m, not ${text}.`);
  return duration;
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new UsageError(`--events needs a number from 1 to 999999, not ${text}.`);
  return Number(text);
}
