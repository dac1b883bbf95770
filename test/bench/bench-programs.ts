/** The C programs of the benchmark: compiled when a source is newer, and the addresses of the workload's symbols. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { cacheFolder, projectRoot } from '../support/project-paths.js';

const run = promisify(execFile);
const sources = resolve(projectRoot, 'test/bench/programs');
/** The workload has fixed addresses, so that nobody has to relocate its symbols. */
const flags: Readonly<Record<string, readonly string[]>> = {
  workload: ['-O1', '-g', '-no-pie', '-pthread'],
  'rsp-load': ['-O3'],
  'raw-limit': ['-O2'],
  'small-library': ['-O1', '-shared', '-fPIC'],
};

export interface BenchPrograms {
  readonly workload: string;
  readonly client: string;
  readonly rawLimit: string;
  /** A shared library, to be copied. */
  readonly library: string;
  /** Folder for what rows make; kept between runs. */
  readonly folder: string;
  /** Symbols of the workload. */
  readonly addresses: ReadonlyMap<string, bigint>;
}

async function compile(name: string, folder: string): Promise<string> {
  const output = resolve(folder, name);
  if (existsSync(output)) return output;
  const temporary = `${output}.${process.pid}`;
  await run('gcc', ['-o', temporary, resolve(sources, `${name}.c`), ...(flags[name] ?? [])]);
  await rename(temporary, output);
  return output;
}

async function symbolsOf(program: string): Promise<ReadonlyMap<string, bigint>> {
  const { stdout } = await run('nm', [program]);
  const lines = stdout.split('\n').map((line) => line.split(' '));
  return new Map(lines.flatMap(([value, , name]) => (name && value ? [[name, BigInt(`0x${value}`)]] : [])));
}

export async function buildPrograms(): Promise<BenchPrograms> {
  const hash = createHash('sha256').update(JSON.stringify(flags));
  for (const name of (await readdir(sources)).sort()) hash.update(await readFile(resolve(sources, name)));
  const folder = resolve(cacheFolder, 'bench', hash.digest('hex').slice(0, 16));
  await mkdir(folder, { recursive: true });
  const workload = await compile('workload', folder);
  return {
    workload,
    client: await compile('rsp-load', folder),
    rawLimit: await compile('raw-limit', folder),
    library: await compile('small-library', folder),
    folder,
    addresses: await symbolsOf(workload),
  };
}
