/**
 * What GNU gdbserver made of the suite: one compressed file for each version of gdb and each board, with all the .exp
 * files that were ever run for it, so that lists may overlap. `zcat`, `zgrep` and `zdiff` read it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { baselineFolder } from './conformance-paths.js';
import { type MachineName, machineOf } from './suite-machine.js';
import { type FileResults, formatResults, parseResults } from './suite-results.js';

const suffix = '.sum.gz';

export interface Baseline {
  /** As in 13.1. */
  readonly version: string;
  readonly board: string;
  readonly files: ReadonlyMap<string, FileResults>;
}

function pathOf(version: string, board: string): string {
  return join(baselineFolder, version, `${board}${suffix}`);
}

/** An empty one where nothing is stored. */
export function readBaseline(version: string, board: string): Baseline {
  const path = pathOf(version, board);
  const files = existsSync(path) ? parseResults(gunzipSync(readFileSync(path)).toString('utf8')) : [];
  return { version, board, files: new Map(files.map((results) => [results.file, results])) };
}

/** All that are stored, in the order of their names. */
export function readBaselines(): Baseline[] {
  const versions = existsSync(baselineFolder) ? readdirSync(baselineFolder, { withFileTypes: true }) : [];
  return versions
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
    .flatMap((version) =>
      readdirSync(join(baselineFolder, version))
        .filter((name) => name.endsWith(suffix))
        .toSorted()
        .map((name) => readBaseline(version, basename(name, suffix))),
    );
}

/** Puts new results in the place of the old ones of the same files; the other files stay. */
export function storeInBaseline(version: string, board: string, results: readonly FileResults[]): string {
  const files = new Map(readBaseline(version, board).files);
  for (const result of results) files.set(result.file, result);
  const path = pathOf(version, board);
  mkdirSync(dirname(path), { recursive: true });
  const sorted = [...files.values()].toSorted((a, b) => (a.file < b.file ? -1 : 1));
  writeFileSync(path, gzipSync(formatResults(sorted), { level: 9 }));
  return path;
}

/** Boards of a machine whose baseline has every one of the files. */
export function boardsThatCover(machine: MachineName, version: string, files: readonly string[]): string[] {
  return readBaselines()
    .filter((baseline) => machineOf(baseline.board) === machine && baseline.version === version)
    .filter((baseline) => files.every((file) => baseline.files.has(file)))
    .map(({ board }) => board);
}
