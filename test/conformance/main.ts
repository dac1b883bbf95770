/** `npm run conformance`: gdb's own test suite with Outstep in gdbserver's place. */
import { existsSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { messageOf } from '../../src/base/errors.js';
import { hostProcess } from '../../src/base/host-process.js';
import { boardsThatCover, readBaselines } from './baseline.js';
import { formatBaselineTable } from './baseline-table.js';
import { runBoard } from './board-run.js';
import { baselineTable, resultsFolder } from './conformance-paths.js';
import { readLists, selectFiles } from './exp-lists.js';
import { startGuestMachine } from './guest-machine.js';
import { hostMachine } from './host-machine.js';
import { type ConformanceOptions, parseCommand, usage } from './options.js';
import type { MachineName, SuiteMachine } from './suite-machine.js';
import { findToolchain } from './toolchain.js';

const exitStatuses = { regressions: 1, notRun: 2, stopped: 130 } as const;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function writeTable(): void {
  writeFileSync(baselineTable, formatBaselineTable(readBaselines(), readLists()));
}

/** Results of one list stay apart from those of another. */
function nameOf({ words, gdb, machine }: ConformanceOptions): string {
  const lists = words.filter((word) => !word.endsWith('.exp')).map((word) => basename(word, '.txt'));
  const another = [machine, basename(gdb)].filter(
    (word) => !['host', 'system', 'gdb-multiarch', ...lists].includes(word),
  );
  return [lists.length > 0 ? lists.join('+') : 'files', ...another].join('-');
}

/** @returns the exit status */
async function run(options: ConformanceOptions, machine: SuiteMachine, stop: AbortSignal): Promise<number> {
  const wanted = selectFiles(options.words);
  const toolchain = findToolchain(options, machine);
  const files = wanted.filter((file) => existsSync(join(toolchain.suite, file)));
  const missing = wanted.filter((file) => !files.includes(file));
  if (missing.length > 0) say(`not in the suite of gdb ${toolchain.version}: ${missing.join(' ')}`);
  const boards =
    options.boards.length > 0 ? options.boards : boardsThatCover(options.machine, toolchain.version, files);
  if (files.length === 0) throw new Error('there is nothing to run');
  if (boards.length === 0) {
    throw new Error(`no baseline of gdb ${toolchain.version} has all these files; name a board with --board`);
  }
  const out = resolve(options.out ?? join(resultsFolder, nameOf(options)));
  let [passed, failed, known] = [0, 0, 0];
  for (const board of boards) {
    if (stop.aborted) break;
    const counts = await runBoard({
      board,
      machine,
      toolchain,
      options,
      files,
      out: join(out, board),
      stop,
      say,
    });
    passed += counts.passed;
    failed += counts.failed;
    known += counts.known;
  }
  if (stop.aborted) return exitStatuses.stopped;
  if (options.storesBaseline) writeTable();
  else say(`Files of the suite: ${passed} passed, ${failed} failed, ${known} known to fail`);
  return failed > 0 ? exitStatuses.regressions : 0;
}

function startMachine(name: MachineName, lanes: number): SuiteMachine | Promise<SuiteMachine> {
  return name === 'host' ? hostMachine : startGuestMachine(lanes);
}

async function main(): Promise<number> {
  const command = parseCommand(hostProcess.argv.slice(2));
  if (command.kind === 'help') {
    say(usage.trimEnd());
    return 0;
  }
  if (command.kind === 'table') {
    writeTable();
    return 0;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    hostProcess.on(signal, () => stopping.abort());
  }
  using machine = await startMachine(command.options.machine, command.options.jobs);
  return await run(command.options, machine, stopping.signal);
}

try {
  hostProcess.exitCode = await main();
} catch (error) {
  writeSync(2, `conformance: ${messageOf(error)}\n`);
  hostProcess.exitCode = exitStatuses.notRun;
}
