/** The command line of `npm run conformance`. */
import { parseArgs } from 'node:util';
import { type MachineName, machineNames } from './suite-machine.js';

export const usage = `usage: npm run conformance -- [LIST | FILE.exp]... [options]

Runs parts of gdb's own test suite with Outstep in gdbserver's place, and compares with the stored baselines of GNU
gdbserver. LIST is a name in test/conformance/lists or the path of such a list (default: quick); FILE.exp is as in
gdb.base/break.exp. The exit status is 1 if a test that passes in the baseline does not pass.

  --machine aarch64
                   servers and programs run in an emulated guest (default list: aarch64; gdb: gdb-multiarch)
  --board NAME     only this board, repeatable (default: those whose baseline has all files)
  --gdb BIN        gdb to use; "system" (default) is the one in PATH, "newest" the one of newest-gdb.sh
  --suite DIR      gdb/testsuite of a source tree of that gdb (default: fetched, see fetch-suite.sh)
  --server BIN     another server; "gdbserver" is GNU gdbserver of the chosen gdb
  --baseline       run GNU gdbserver and store the results as the baseline
  --confirm        run files with regressions again, alone; then again with GNU gdbserver, on this machine
  --jobs N         files that run at the same time (default 1)
  --out DIR        results go to DIR/BOARD (default test/.cache/conformance/NAME, made anew)
  --packets        gdb shows all packets in the logs; some tests do not allow for that and fail
  --ipa FILE       libinproctrace.so, for gdb.trace's tests of fast tracepoints
  --limit S        at most this long for one file (default 420, in the guest 1200); 4 x the baseline's time + 60 s if
                   that is less
  --var NAME=VAL   passed on to runtest, repeatable
  --keep           keep the folder with test programs and core files, and say where it is
  --table          run nothing; write baseline/table.md anew
  --help           show this text
`;

export interface ConformanceOptions {
  readonly words: readonly string[];
  readonly machine: MachineName;
  readonly boards: readonly string[];
  readonly gdb: string;
  readonly suite: string | undefined;
  /** undefined: Outstep. */
  readonly server: string | undefined;
  readonly storesBaseline: boolean;
  readonly confirms: boolean;
  readonly jobs: number;
  readonly out: string | undefined;
  readonly ipa: string | undefined;
  readonly limitSeconds: number;
  /** NAME=VALUE for runtest. */
  readonly variables: readonly string[];
  readonly keepsWork: boolean;
}

export type ConformanceCommand =
  | { readonly kind: 'run'; readonly options: ConformanceOptions }
  | { readonly kind: 'table' }
  | { readonly kind: 'help' };

const showPackets = 'GDBFLAGS=-iex "set debug remote 1"';

/** @throws Error that says what is wrong with the arguments. */
export function parseCommand(args: readonly string[]): ConformanceCommand {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      machine: { type: 'string', default: 'host' },
      board: { type: 'string', multiple: true, default: [] },
      gdb: { type: 'string' },
      suite: { type: 'string' },
      server: { type: 'string' },
      baseline: { type: 'boolean', default: false },
      confirm: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '1' },
      out: { type: 'string' },
      packets: { type: 'boolean', default: false },
      ipa: { type: 'string' },
      limit: { type: 'string' },
      var: { type: 'string', multiple: true, default: [] },
      keep: { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { kind: 'help' };
  if (values.table) return { kind: 'table' };
  if (values.baseline && values.server !== undefined)
    throw new Error('a baseline is made with GNU gdbserver');
  const machine = parseMachine(values.machine);
  const isHost = machine === 'host';
  return {
    kind: 'run',
    options: {
      words: positionals.length > 0 ? positionals : [isHost ? 'quick' : machine],
      machine,
      boards: values.board,
      gdb: values.gdb ?? (isHost ? 'system' : 'gdb-multiarch'),
      suite: values.suite,
      server: values.baseline ? 'gdbserver' : values.server,
      storesBaseline: values.baseline,
      confirms: values.confirm,
      jobs: parseCount('--jobs', values.jobs),
      out: values.out,
      ipa: values.ipa,
      limitSeconds: parseCount('--limit', values.limit ?? (isHost ? '420' : '1200')),
      variables: [...values.var, ...(values.packets ? [showPackets] : [])],
      keepsWork: values.keep,
    },
  };
}

function parseMachine(text: string): MachineName {
  const machine = machineNames.find((name) => name === text);
  if (machine === undefined) throw new Error(`--machine is one of ${machineNames.join(', ')}, not "${text}"`);
  return machine;
}

function parseCount(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} needs a positive whole number, not "${text}"`);
  return Number(text);
}
