/** What a shared object asks of the libraries around it, and what they offer, as nm(1) and readelf(1) tell it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

async function linesOf(command: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await run(command, args, { env: { LC_ALL: 'C' }, maxBuffer: 1 << 24 });
  return stdout.split('\n').filter((line) => line !== '');
}

/** Libraries that a file names (DT_NEEDED). */
export async function neededLibraries(file: string): Promise<string[]> {
  const lines = await linesOf('readelf', '--wide', '--dynamic', file);
  return lines.flatMap((line) => line.match(/\(NEEDED\).*\[(.*)\]/)?.slice(1) ?? []);
}

/** The types of a file's program headers, as `INTERP`, `LOAD`. */
export async function programHeaders(file: string): Promise<string[]> {
  const lines = await linesOf('readelf', '--wide', '--program-headers', file);
  return lines.flatMap((line) => line.match(/^ {2}([A-Z_]+) +0x/)?.slice(1) ?? []);
}

/** Undefined symbols that must be found when the file is loaded. */
export async function askedSymbols(file: string): Promise<string[]> {
  const lines = await linesOf('nm', '--dynamic', '--undefined-only', file);
  return lines.flatMap((line) => line.match(/^ +U ([^@]+)/)?.slice(1) ?? []);
}

/** Defined symbols, each with its versions (`''` without one). */
export async function offeredSymbols(file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = await linesOf('nm', '--dynamic', '--defined-only', '--with-symbol-versions', file);
  const symbols = new Map<string, string[]>();
  for (const line of lines) {
    const [name = '', version = ''] = line.replace(/^\S+ \S /, '').split(/@+/);
    symbols.set(name, [...(symbols.get(name) ?? []), version]);
  }
  return symbols;
}

/** Compares dotted numbers, as in `GLIBC_2.2.5`. */
export function compareVersions(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
