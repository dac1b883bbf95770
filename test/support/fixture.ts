/** Compiles the small programs of `fixtures/`, on first use; the result is kept by content, compiler and flags. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { type Machine, thisMachine } from './machine.js';
import { cacheFolder, fixturesFolder } from './project-paths.js';
import { compileRemotely, hasRemoteCompiler } from './remote-compiler.js';

const run = promisify(execFile);

export type { Machine } from './machine.js';

export interface CompileOptions {
  /** Default: this machine's own. */
  readonly machine?: Machine;
  /** Default: by the file that exists, `name.c` or `name.cc`. */
  readonly language?: 'c' | 'c++';
  /** Behind the default flags `-g -O0 -pthread`, so that they win. */
  readonly flags?: readonly string[];
  /** File name of the result, default: the fixture's name. */
  readonly output?: string;
}

const compilers = {
  c: { command: 'gcc', extension: '.c' },
  'c++': { command: 'g++', extension: '.cc' },
} as const;
const crossPrefixes: Readonly<Record<Machine, string>> = {
  x86_64: 'x86_64-linux-gnu-',
  i386: 'i686-linux-gnu-',
  aarch64: 'aarch64-linux-gnu-',
};
const defaultFlags = ['-g', '-O0', '-pthread'];
const versions = new Map<string, Promise<string>>();
const compiled = new Map<string, Promise<string>>();

function compilerVersion(command: string): Promise<string> {
  const known = versions.get(command) ?? run(command, ['--version']).then(({ stdout }) => stdout);
  versions.set(command, known);
  return known;
}

/** Path of a fixture's source. */
export function fixtureSource(name: string, language?: 'c' | 'c++'): string {
  const wanted = language ?? (existsSync(resolve(fixturesFolder, `${name}.cc`)) ? 'c++' : 'c');
  return resolve(fixturesFolder, name + compilers[wanted].extension);
}

/**
 * The line (from 1) of the fixture's source on which the comment `here: <marker>` stands.
 * @throws Error when there is none, or more than one
 */
export function lineOf(name: string, marker: string): number {
  const lines = readFileSync(fixtureSource(name), 'utf8').split('\n');
  const wanted = new RegExp(`here: ${marker}(?![-\\w])`);
  const found = lines.flatMap((line, index) => (wanted.test(line) ? [index + 1] : []));
  const [line] = found;
  if (line === undefined || found.length > 1)
    throw new Error(`${found.length} lines marked ${marker} in ${name}`);
  return line;
}

/** Path of the compiled fixture, an absolute one. Two calls at the same time compile once. */
export function compileFixture(name: string, options: CompileOptions = {}): Promise<string> {
  const key = JSON.stringify([name, options]);
  const wanted: CompileOptions = { ...options, machine: options.machine ?? thisMachine };
  const known = compiled.get(key) ?? (hasRemoteCompiler ? compileRemotely : compile)(name, wanted);
  compiled.set(key, known);
  return known;
}

async function compile(name: string, options: CompileOptions): Promise<string> {
  const source = fixtureSource(name, options.language);
  const compiler = source.endsWith('.cc') ? compilers['c++'] : compilers.c;
  const machine = options.machine ?? thisMachine;
  const command = `${machine === thisMachine ? '' : crossPrefixes[machine]}${compiler.command}`;
  const flags = [...defaultFlags, ...(options.flags ?? [])];
  const hash = createHash('sha256').update(JSON.stringify([await compilerVersion(command), source, flags]));
  const folder = resolve(
    cacheFolder,
    hash
      .update(await readFile(source))
      .digest('hex')
      .slice(0, 16),
  );
  const output = resolve(folder, options.output ?? basename(name));
  if (existsSync(output)) return output;
  await mkdir(folder, { recursive: true });
  // Another test process may be at the same file: each writes its own, the last rename wins.
  const temporary = `${output}.${process.pid}`;
  await run(command, ['-o', temporary, source, ...flags]);
  await rename(temporary, output);
  return output;
}
