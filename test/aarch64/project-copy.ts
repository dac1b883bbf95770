/**
 * A copy of what tests load of this project in the guest's memory. Through the share a module costs a dozen round trips
 * of the emulated bus: mocha alone takes a quarter of a minute to load, from memory two seconds.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { projectRoot } from '../support/project-paths.js';
import type { Guest } from './guest.js';

/** Laid over the share's own, in this order. */
const folders = ['dist', 'node_modules', 'src/rsp', 'native/build/Release'] as const;
const addon = 'native/build/aarch64/Release';

/** Compilers and linters run here, not there. */
const leftOut = ['@biomejs', '@esbuild', '@types', '@typescript', 'esbuild', 'postject', 'typescript'];

const packArguments: readonly string[] = [
  ...['--create', '--dereference', '--file=-'],
  ...leftOut.map((name) => `--exclude=node_modules/${name}`),
  ...['--exclude=*.map', '--exclude=*.d.ts', '--exclude=obj.target', '--exclude=.deps'],
  ...['dist', 'node_modules', 'src/rsp', addon],
];

const unpack = [
  'set -e; mkdir -p /copy; mount -t tmpfs copy /copy; tar -xf - -C /copy',
  `mkdir -p /copy/native/build/Release; mv /copy/${addon}/* /copy/native/build/Release`,
  `for folder in ${folders.join(' ')}; do mount --bind "/copy/$folder" "$PWD/$folder"; done`,
  // As the build does here: a server that has to compile itself takes three times longer to start.
  'node src/cli/bundle/compile-cache.cjs',
].join('; ');

/** What is built here later is not seen there any more. @throws Error when it cannot be made */
export async function copyProject(guest: Guest): Promise<void> {
  const [program = '', ...args] = guest.shellCommand(['sh', '-c', unpack]);
  const packer = spawn('tar', packArguments, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'inherit'] });
  const unpacker = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ends = Promise.all([once(packer, 'close'), once(unpacker, 'close')]);
  await pipeline(packer.stdout, unpacker.stdin);
  for (const [code] of await ends)
    if (code !== 0) throw new Error(`the guest got no copy of ${projectRoot}: status ${code}`);
}
