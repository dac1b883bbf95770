/** How times are shown: -t, -r and -T, and what their long forms say. */
import type { Digits, LineStyle } from '../../../engines/syscalls/index.js';
import { UsageError } from '../../usage-error.js';

type Values = readonly (string | undefined)[] | undefined;

const precisions: Readonly<Record<string, Digits>> = { s: 0, ms: 3, us: 6, ns: 9 };

/** Once: time of day; twice: with microseconds; more often: seconds since 1970. Words say it by themselves. */
export function timestamps(values: Values): Pick<LineStyle, 'clock' | 'clockDigits'> {
  if (values === undefined) return { clock: 'none', clockDigits: 0 };
  const words = values.flatMap((value) => (value === undefined ? [] : value.split(',')));
  const count = values.length;
  const style: { clock: LineStyle['clock']; clockDigits: Digits } = {
    clock: count > 2 ? 'unix' : 'time',
    clockDigits: count > 1 && words.length === 0 ? 6 : 0,
  };
  for (const word of words) {
    const text = word.replace(/^(?:format|precision):/, '');
    if (text === 'none' || text === 'time' || text === 'unix') style.clock = text;
    else style.clockDigits = digitsOf(text);
  }
  return style;
}

export function relativeDigits(values: Values): Digits | undefined {
  return values === undefined ? undefined : digitsOf(values.at(-1) ?? 'us');
}

export const durationDigits = relativeDigits;

const unitsMs: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6, '': 1e-3 };

/** Microseconds, or what stands behind the number. @param option whose it is @throws UsageError */
export function durationMs(text: string, option: string): number {
  const [, digits, unit = ''] = /^(\d+)(s|ms|us|ns)?$/.exec(text) ?? [];
  if (digits === undefined) throw new UsageError(`${option}: not a duration: ${text}`);
  return Number(digits) * (unitsMs[unit] ?? 1);
}

function digitsOf(text: string): Digits {
  const digits = precisions[text];
  if (digits === undefined) throw new UsageError(`Times are in s, ms, us or ns, not ${text}`);
  return digits;
}
