/** One .exp file of the suite, in a runtest of its own, under a time limit. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LimitedRun, runLimited } from './limited-run.js';
import type { SuiteMachine } from './suite-machine.js';
import { type FileResults, parseResults, type TestResult } from './suite-results.js';

export interface SuiteSetup {
  readonly board: string;
  readonly machine: SuiteMachine;
  readonly gdb: string;
  readonly server: string;
  /** gdb/testsuite of a source tree. */
  readonly suite: string;
  /** NAME=VALUE for runtest. */
  readonly variables: readonly string[];
  /** Test programs are made under this folder. */
  readonly work: string;
  /** Gets `log/FILE.log`, the whole dialogue of each file. */
  readonly out: string;
  readonly keepsWork: boolean;
  /** libinproctrace.so for gdb.trace. */
  readonly ipa: string | undefined;
}

/** ended: by itself, with results; the other three leave an UNRESOLVED result. */
export type Ending = LimitedRun['outcome'] | 'no summary';

export interface FileRun {
  readonly results: FileResults;
  readonly ending: Ending;
  /** Programs that were still there a second after the file ended by itself. */
  readonly leaked: readonly string[];
}

export async function runFile(
  file: string,
  setup: SuiteSetup,
  lane: number,
  limitSeconds: number,
  stop: AbortSignal,
): Promise<FileRun> {
  const name = file.replace(/\.exp$/, '');
  const folder = join(setup.work, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'site.exp'), siteSettings(setup, lane));
  const command = [
    ...['runtest', '--tool', 'gdb', `--target_board=${setup.board}`, `--outdir=${folder}`],
    ...[`GDB=${setup.gdb}`, `GDBSERVER=${setup.server}`, 'GDB_PARALLEL=yes'],
    ...setup.variables,
    file,
  ];
  const limited = await runLimited(command, folder, limitSeconds, stop);
  await setup.machine.endLeftovers(lane);
  const sum = readIfThere(join(folder, 'gdb.sum'));
  const hasSummary = sum.includes('=== gdb Summary ===');
  const ending = limited.outcome === 'ended' && !hasSummary ? 'no summary' : limited.outcome;
  keepLog(folder, join(setup.out, 'log', `${name}.log`), ending);
  const portable = sum.replaceAll(`${folder}/`, 'OBJDIR/').replaceAll(`${setup.suite}/`, 'SRCDIR/');
  const [parsed] = parseResults(`Running ${file} ...\n${portable.replace(/^Running .*$/gm, '')}`);
  const unfinished: TestResult[] =
    ending === 'ended' ? [] : [{ name: `runner: ${ending}`, status: 'UNRESOLVED' }];
  if (!setup.keepsWork) rmSync(folder, { recursive: true, force: true });
  return {
    results: {
      file,
      seconds: limited.seconds,
      tests: [...(parsed?.tests ?? []), ...unfinished],
      errors: parsed?.errors ?? [],
    },
    ending,
    leaked: limited.leaked,
  };
}

/** The settings that the suite's own Makefile would write. */
function siteSettings({ suite, machine }: SuiteSetup, lane: number): string {
  const { triplet } = machine;
  return `set host_triplet ${triplet}
set target_alias ${triplet}
set target_triplet ${triplet}
set build_triplet ${triplet}
set srcdir ${suite}
set tool gdb
set enable_libctf yes
source \${srcdir}/lib/append_gdb_boards_dir.exp
${machine
  .settings(lane)
  .map((line) => `${line}\n`)
  .join('')}`;
}

/** The whole dialogue; what runtest itself said goes with it where it did not come to its end. */
function keepLog(folder: string, path: string, ending: Ending): void {
  mkdirSync(dirname(path), { recursive: true });
  const dialogue = readIfThere(join(folder, 'gdb.log'));
  const output = ending === 'no summary' ? readIfThere(join(folder, 'output.txt')) : '';
  writeFileSync(path, dialogue + output);
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}
