/**
 * Loaded into a server before its own code (`node --import`): at SIGUSR2 it collects garbage and writes what is left to
 * the file that OUTSTEP_MEMORY_REPORT names.
 */
import { renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface MemoryReport {
  /** What JavaScript holds on to. */
  readonly heldBytes: number;
  /** All memory in RAM but V8's heap. */
  readonly otherBytes: number;
}

const path = process.env.OUTSTEP_MEMORY_REPORT;
if (path === undefined) throw new Error('OUTSTEP_MEMORY_REPORT is not set');

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function report(to: string): void {
  collectGarbage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const memory: MemoryReport = { heldBytes: heapUsed + external, otherBytes: rss - heapTotal };
  writeFileSync(`${to}.part`, JSON.stringify(memory));
  renameSync(`${to}.part`, to);
}

process.on('SIGUSR2', () => {
  collectGarbage();
  // Finalizers run in between.
  setImmediate(report, path);
});
