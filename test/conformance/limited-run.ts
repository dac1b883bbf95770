/** A command under run-limited.py: with a time limit, and without descendants that stay behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostProcess } from '../../src/base/host-process.js';
import { conformanceFolder } from './conformance-paths.js';

export interface LimitedRun {
  readonly outcome: 'ended' | 'time limit' | 'stopped';
  readonly seconds: number;
  /** Programs that were still there a second after the command ended by itself. */
  readonly leaked: readonly string[];
}

/** Variables that would change what gdb, the server or the suite do. */
const unset = { DEBUGINFOD_URLS: undefined, GDBSERVER_DEBUG: undefined, GDB_DEBUG: undefined };

/**
 * @param folder where the command runs; its output goes to output.txt there
 * @param stop aborts the command, with the results that it has so far
 */
export async function runLimited(
  command: readonly string[],
  folder: string,
  limitSeconds: number,
  stop: AbortSignal,
): Promise<LimitedRun> {
  const report = join(folder, 'report.json');
  const output = openSync(join(folder, 'output.txt'), 'w');
  const script = join(conformanceFolder, 'run-limited.py');
  const child = spawn('python3', [script, String(limitSeconds), report, ...command], {
    cwd: folder,
    env: { ...hostProcess.env, ...unset, DEJAGNU: '/dev/null' },
    stdio: ['ignore', output, output],
    // Ctrl-C reaches this program alone, which hands it on in its own way.
    detached: true,
  });
  closeSync(output);
  const handOn = (): void => {
    child.kill('SIGTERM');
  };
  stop.addEventListener('abort', handOn);
  if (stop.aborted) handOn();
  try {
    await once(child, 'exit');
  } finally {
    stop.removeEventListener('abort', handOn);
  }
  // Stopped before it began, it leaves no report.
  if (stop.aborted && !existsSync(report)) return { outcome: 'stopped', seconds: 0, leaked: [] };
  return parseReport(readFileSync(report, 'utf8'));
}

function parseReport(text: string): LimitedRun {
  const { outcome, seconds, leaked }: Partial<LimitedRun> = JSON.parse(text);
  if (outcome === undefined || seconds === undefined || leaked === undefined) {
    throw new Error(`run-limited.py reports ${text}`);
  }
  return { outcome, seconds, leaked };
}
