/** The packages as npm would publish them, and folders into which they are installed. */
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { cacheFolder, projectRoot } from '../support/project-paths.js';

const run = promisify(execFile);
const mostOutputBytes = 1 << 26;

export interface PackedFile {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
}

export interface PackedPackage {
  readonly name: string;
  /** Of the tarball, in bytes. */
  readonly size: number;
  readonly filename: string;
  readonly files: readonly PackedFile[];
}

/**
 * Packs both packages from what is built here.
 * @param into a folder for the tarballs; without one nothing is written
 */
export async function packPackages(into?: string): Promise<readonly PackedPackage[]> {
  const place = into === undefined ? ['--dry-run'] : ['--pack-destination', into];
  const packages = ['--workspace', 'gdb-js-rsp-parser', '--include-workspace-root'];
  const { stdout } = await npm(projectRoot, 'pack', '--json', '--ignore-scripts', ...packages, ...place);
  // npm 12 gives an object by names, npm 11 a list.
  return Object.values(JSON.parse(stdout) as Record<string, PackedPackage>);
}

/** Packs what the packages depend on, as it is installed here: a registry would have it. */
export async function packDependencies(into: string): Promise<readonly PackedPackage[]> {
  const installed = ['@rgrove/parse-xml', 'gecko-profiler-demangle'].map((name) =>
    join(projectRoot, 'node_modules', name),
  );
  const { stdout } = await npm(into, 'pack', '--json', '--ignore-scripts', ...installed);
  return Object.values(JSON.parse(stdout) as Record<string, PackedPackage>);
}

/**
 * Builds what is published for each processor; what is there is not built again. Whoever comes while another one builds
 * waits for that.
 */
export async function buildPrebuilds(): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const lock = join(cacheFolder, 'prebuilds.lock');
  const command = [lock, process.execPath, ...npmWords('run', 'build:prebuilds')];
  await run('flock', command, { cwd: projectRoot, maxBuffer: mostOutputBytes });
}

/** Makes the executable in one file, of the Node that runs this. */
export async function buildSingle(): Promise<void> {
  await npm(projectRoot, 'run', 'build:single');
}

/** Installs tarballs into a new folder, as a user does: with what they hold, and nothing that has to be fetched. */
export async function installPackages(folder: string, tarballs: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{}');
  await npm(folder, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs);
}

/** A folder for PATH that has one Node, and no compiler, in it. */
export async function pathWithNode(folder: string, node: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await symlink(node, join(folder, 'node'));
  return folder;
}

/** Beside the Node that runs this. */
export const npmCommands = join(dirname(process.execPath), '../lib/node_modules/npm/bin');

function npm(folder: string, ...args: string[]): Promise<{ stdout: string }> {
  return run(process.execPath, npmWords(...args), { cwd: folder, maxBuffer: mostOutputBytes });
}

function npmWords(...args: string[]): string[] {
  return [join(npmCommands, 'npm-cli.js'), ...args];
}
