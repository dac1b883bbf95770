/** The demonstration's server: a real one, in a process of its own, on the compiled sample. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hostProcess } from '../base/host-process.js';

const sampleSource = fileURLToPath(new URL('../../../fixtures/sample.c', import.meta.url));
const commandLine = fileURLToPath(new URL('main.js', import.meta.url));

export interface DemoServer {
  /** Path of the compiled sample. */
  readonly program: string;
  readonly port: number;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  /** Ends the server and removes the compiled sample. */
  close(): Promise<void>;
}

/** @throws Error when there is no C compiler, or the server does not start */
export async function startDemoServer(): Promise<DemoServer> {
  const folder = await mkdtemp(join(tmpdir(), 'outstep-demo-'));
  const program = join(folder, 'sample');
  await promisify(execFile)(hostProcess.env.CC ?? 'cc', [
    '-g',
    '-O0',
    '-no-pie',
    '-pthread',
    '-o',
    program,
    sampleSource,
  ]);
  const child = spawn(hostProcess.execPath, [commandLine, '--once', 'localhost:0', program], {
    stdio: ['inherit', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit').then(() => undefined);
  const port = await listeningPort(child);
  return {
    program,
    port,
    ended,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Passes on what the server says; resolves with its port. */
async function listeningPort(child: ChildProcess): Promise<number> {
  if (child.stderr === null) throw new Error('the server has no standard error');
  const lines = createInterface({ input: child.stderr });
  const port = new Promise<number>((resolve, reject) => {
    lines.on('line', (line) => {
      hostProcess.stderr.write(`${line}\n`);
      const [, found] = /^Listening on port (\d+)/.exec(line) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
    lines.on('close', () => reject(new Error('the server ended before it listened')));
  });
  return port;
}
