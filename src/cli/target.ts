/** What is debugged from the start. */
import { UsageError } from './usage-error.js';

export type Target =
  | { readonly kind: 'program'; readonly program: string; readonly args: readonly string[] }
  | { readonly kind: 'attach'; readonly pid: number }
  | { readonly kind: 'none' };

/** @param words behind `--attach` @throws UsageError */
export function attachTarget(words: readonly string[]): Target {
  const [text] = words;
  if (text === undefined) throw new UsageError('The process (PID) is missing.');
  if (words.length > 1) throw new UsageError(`Nothing may follow the process id: ${words[1]}`);
  const pid = /^(?:[0-9]+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : 0;
  if (pid < 1 || pid > 0x7fffffff) throw new UsageError(`Not a process id: ${text}`);
  return { kind: 'attach', pid };
}
