/** A list of .exp files on one board: in turn or several at a time, with the results as they come. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../src/base/errors.js';
import { type FileRun, runFile, type SuiteSetup } from './run-file.js';
import { checkStartUp } from './start-up-check.js';
import { countStatuses, type FileResults, formatResults } from './suite-results.js';

export interface SuiteRun {
  readonly files: readonly string[];
  /** Seconds that a file took in the baseline, where one has it. */
  readonly baselineSeconds: (file: string) => number | undefined;
  readonly limitSeconds: number;
  readonly jobs: number;
  /** What did not run by then becomes UNRESOLVED. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

/** So many time limits in a row call for a look at the server. */
const suspiciousLimits = 3;

/**
 * Writes `all.sum` into the setup's `out`, beside the logs.
 * @throws Error if gdb cannot debug a trivial program through the server
 */
export async function runSuite(setup: SuiteSetup, run: SuiteRun): Promise<FileResults[]> {
  await checkStartUp(setup.gdb, setup.server, setup.board, setup.machine);
  if (setup.ipa !== undefined) placeAgent(setup.ipa, setup.work);
  const runs = new Map<string, FileRun>();
  const waiting = [...run.files];
  let limitsInARow = 0;
  const work = async (lane: number): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !run.stop.aborted; file = waiting.shift()) {
      const done = await runFile(file, setup, lane, limitOf(file, run), run.stop);
      runs.set(file, done);
      run.say(describeRun(done));
      limitsInARow = done.ending === 'time limit' ? limitsInARow + 1 : 0;
      if (limitsInARow >= suspiciousLimits && !(await stillStarts(setup, run))) waiting.length = 0;
    }
  };
  await Promise.all(Array.from({ length: run.jobs }, (_, lane) => work(lane)));
  const results = run.files.map((file) => runs.get(file)?.results ?? notRun(file));
  writeFileSync(join(setup.out, 'all.sum'), formatResults(results));
  return results;
}

/** Where the suite looks for the in-process agent: two folders up from each file's own. */
function placeAgent(library: string, work: string): void {
  const place = join(work, 'gdbserver/libinproctrace.so');
  mkdirSync(dirname(place), { recursive: true });
  rmSync(place, { force: true });
  symlinkSync(resolve(library), place);
}

async function stillStarts({ gdb, server, board, machine }: SuiteSetup, { say }: SuiteRun): Promise<boolean> {
  try {
    await checkStartUp(gdb, server, board, machine);
    return true;
  } catch (error) {
    say(`given up, for the server does not start any more: ${messageOf(error)}`);
    return false;
  }
}

/** Generous, since a machine may be slower: the limit is there to end what hangs. */
function limitOf(file: string, { baselineSeconds, limitSeconds, jobs }: SuiteRun): number {
  const usual = baselineSeconds(file);
  return usual === undefined ? limitSeconds : Math.min(limitSeconds, jobs * (4 * usual + 60));
}

function notRun(file: string): FileResults {
  return {
    file,
    seconds: undefined,
    tests: [{ name: 'runner: not run', status: 'UNRESOLVED' }],
    errors: [],
  };
}

function describeRun({ results, ending, leaked }: FileRun): string {
  const counts = [...countStatuses([results])].map(([status, count]) => `${status} ${count}`).join(', ');
  const seconds = `${(results.seconds ?? 0).toFixed(1)} s`.padStart(8);
  const remarks = [
    ...(ending === 'ended' ? [] : [ending]),
    ...(results.errors.length > 0 ? ['with errors'] : []),
    ...(leaked.length > 0 ? [`left behind: ${leaked.join(', ')}`] : []),
  ];
  return `${results.file.padEnd(58)}${seconds}  ${[counts, ...remarks].join('; ')}`;
}
