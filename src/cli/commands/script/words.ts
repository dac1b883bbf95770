/** The words behind `outstep script`. */
import { attachTarget, type Target } from '../../target.js';
import { UsageError } from '../../usage-error.js';

export interface ScriptWords {
  readonly file: string;
  /** For the script. */
  readonly args: readonly string[];
  readonly target: Target;
}

/** `[--attach PID] FILE [ARGS …] [-- PROG [ARGS …]]`; `--attach` may as well stand behind FILE. @throws UsageError */
export function parseScriptWords(words: readonly string[]): ScriptWords {
  const end = words.indexOf('--');
  const own = end < 0 ? [...words] : words.slice(0, end);
  const program = end < 0 ? undefined : words.slice(end + 1);
  const target = takeTarget(own, program);
  const [file, ...args] = own;
  if (file === undefined) throw new UsageError('The script (FILE) is missing.');
  if (file.startsWith('-')) throw new UsageError(`Unknown argument: ${file}`);
  return { file, args, target };
}

/** Takes `--attach PID` out of the words. */
function takeTarget(words: string[], program: readonly string[] | undefined): Target {
  const at = words.indexOf('--attach');
  if (at >= 0) {
    const [, ...operands] = words.splice(at, 2);
    if (program !== undefined) throw new UsageError('Either --attach PID or a program, not both.');
    return attachTarget(operands);
  }
  if (program === undefined) return { kind: 'none' };
  const [name, ...args] = program;
  if (name === undefined) throw new UsageError('The program (PROG) is missing behind --.');
  return { kind: 'program', program: name, args };
}
