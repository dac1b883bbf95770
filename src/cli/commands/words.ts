/** Options and operands of subcommands, by Node's own parser. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '../../base/errors.js';
import { type Pid, pid } from '../../base/ids.js';
import { UsageError } from '../usage-error.js';

type Options = NonNullable<ParseArgsConfig['options']>;

type Parsed<Given extends Options> = ReturnType<
  typeof parseArgs<{ options: Given; allowPositionals: true; strict: true }>
>;

/** @throws UsageError */
export function parseWords<Given extends Options>(words: readonly string[], options: Given): Parsed<Given> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** The one operand of a subcommand. @throws UsageError */
export function onlyPid(operands: readonly string[]): Pid {
  const [word, ...others] = operands;
  if (word === undefined) throw new UsageError('The PID of a process is missing.');
  if (others.length > 0) throw new UsageError(`Unknown argument: ${others[0]}`);
  return pidOf(word);
}

/** @throws UsageError */
export function pidOf(word: string): Pid {
  const number = Number(word);
  if (!/^\d+$/.test(word) || number < 1 || number > 2 ** 31 - 1)
    throw new UsageError(`${word} is no PID of a process.`);
  return pid(number);
}
