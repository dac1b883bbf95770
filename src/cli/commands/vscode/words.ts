/** The words behind `outstep vscode`. */
import { parseArgs } from 'node:util';
import { UsageError } from '../../usage-error.js';
import { parseWords, pidOf } from '../words.js';

export interface VscodeWords {
  readonly program: string | undefined;
  readonly args: readonly string[];
  readonly pid: number | undefined;
  readonly port: number;
  /** tasks.json is wanted, not launch.json. */
  readonly wantsTasks: boolean;
}

const defaultPort = '2345';
const options = {
  attach: { type: 'string' },
  port: { type: 'string', default: defaultPort },
  tasks: { type: 'boolean', default: false },
} as const;

/** `[OPTIONS] [PROG [ARGS …]]`: what follows PROG belongs to it. @throws UsageError */
export function parseVscodeWords(words: readonly string[]): VscodeWords {
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const end = tokens.find(({ kind }) => kind === 'positional')?.index ?? words.length;
  const { values } = parseWords(words.slice(0, end), options);
  const [program, ...args] = words.slice(end);
  const pid = values.attach === undefined ? undefined : pidOf(values.attach);
  if (pid === undefined && program === undefined)
    throw new UsageError('The program (PROG) or the process (--attach PID) is missing.');
  if (pid !== undefined && args.length > 0)
    throw new UsageError(`A process has its arguments already: ${args[0]}`);
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port < 1 || port > 0xffff)
    throw new UsageError(`Not a port: ${values.port}`);
  return { program, args, pid, port, wantsTasks: values.tasks };
}
