/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import type { Clock } from './bench.js';
import { type ContenderName, contenders } from './contender.js';

export const usage = `usage: npm run bench -- [options]

Runs Outstep, GNU gdbserver, lldb-server and a C program that does nothing but the row's own work, in turns, on one
core, and prints a table of medians in Markdown. The exit status is 1 when a row of Outstep fails.

  --rows A,B          only these rows, or those whose names begin so: false stands for false-1 and so on
  --rounds N          samples of each (default 5)
  --quick             two rounds of a tenth of the operations
  --contenders A,B    of ${contenders.join(', ')}
  --clock wall|cpu    the time, or the processor time of server, program and client, which stands a busy machine
                      (default wall)
  --core N            the core that everything runs on (default 0)
  --no-counts         without the runs under strace that count system calls
  --json FILE         the samples as JSON
  --markdown FILE     the table
  --list              print the names of the rows
  --help              show this text
`;

export interface BenchOptions {
  readonly rows: readonly string[];
  readonly rounds: number;
  /** Of the rows' counts. */
  readonly scale: number;
  readonly contenders: readonly ContenderName[];
  readonly core: number;
  readonly clock: Clock;
  readonly countsCalls: boolean;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
}

export type BenchCommand =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'list' }
  | { readonly kind: 'help' };

const quick = { rounds: 2, scale: 0.1 } as const;
const defaultRounds = 5;

/** @throws Error that says what is wrong with the arguments. */
export function parseCommand(args: readonly string[]): BenchCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      contenders: { type: 'string' },
      core: { type: 'string', default: '0' },
      clock: { type: 'string', default: 'wall' },
      'no-counts': { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  return {
    kind: 'run',
    options: {
      rows: values.rows?.split(',') ?? [],
      rounds: wholeNumber('--rounds', values.rounds ?? `${values.quick ? quick.rounds : defaultRounds}`, 1),
      scale: values.quick ? quick.scale : 1,
      contenders: values.contenders?.split(',').map(contender) ?? contenders,
      core: wholeNumber('--core', values.core, 0),
      clock: clockNamed(values.clock),
      countsCalls: !values['no-counts'],
      json: values.json,
      markdown: values.markdown,
    },
  };
}

function contender(name: string): ContenderName {
  const known = contenders.find((candidate) => candidate === name);
  if (known === undefined) throw new Error(`no contender "${name}"; there are ${contenders.join(', ')}`);
  return known;
}

function clockNamed(name: string): Clock {
  if (name !== 'wall' && name !== 'cpu') throw new Error(`no clock "${name}"; there are wall and cpu`);
  return name;
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) throw new Error(`${option} needs a whole number, not "${text}"`);
  return value;
}
