/**
 * The server that LLDB is tested with: Outstep by the command line of LLDB's server, or what the environment variable
 * OUTSTEP_TEST_LLDB_SERVER names. With OUTSTEP_TEST_LLDB_SERVER=lldb-server-19 the same tests run against LLDB's own
 * server: what fails there as well is the test's fault.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { bounded } from './bounded.js';
import { eventually } from './proc-files.js';
import { commandScript } from './project-paths.js';
import { TestProcess } from './test-process.js';

const run = promisify(execFile);
const other = process.env.OUTSTEP_TEST_LLDB_SERVER;

/** Program and first arguments of the server. */
export const lldbServerCommand: readonly string[] =
  other === undefined ? [process.execPath, commandScript, 'lldb-server'] : other.split(' ');

/** Where Outstep promises more, tests ask for less of LLDB's own server. */
export const isOwnServer = other === undefined;

export class LldbServer implements AsyncDisposable {
  readonly process: TestProcess;
  readonly port: number;
  readonly #folder: string;

  private constructor(process: TestProcess, port: number, folder: string) {
    this.process = process;
    this.port = port;
    this.#folder = folder;
  }

  /** `gdbserver`, for one client. @param args behind the address: `-- PROGRAM ARGS`, or options */
  static async start(args: readonly string[]): Promise<LldbServer> {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-lldb-server-'));
    const pipe = join(folder, 'port');
    await run('mkfifo', [pipe]);
    const command = [...lldbServerCommand, 'gdbserver', '--named-pipe', pipe, 'localhost:0', ...args];
    const server = await TestProcess.start('server', command);
    try {
      const port = await bounded(readFile(pipe, 'latin1'), 30_000, () => `the port\n${server.output.text}`);
      return new LldbServer(server, Number(port.replace('\0', '')), folder);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `gdbserver` with a program. */
  static startProgram(path: string, args: readonly string[] = []): Promise<LldbServer> {
    return LldbServer.start(['--', path, ...args]);
  }

  /** lldb's command that connects to it. */
  get connect(): string {
    return `gdb-remote localhost:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** `platform`, for one client after the other. */
export class LldbPlatform implements AsyncDisposable {
  readonly process: TestProcess;
  readonly #port: string;
  readonly #folder: string;

  private constructor(process: TestProcess, port: string, folder: string) {
    this.process = process;
    this.#port = port;
    this.#folder = folder;
  }

  static async start(): Promise<LldbPlatform> {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-lldb-platform-'));
    const file = join(folder, 'port');
    const command = ['platform', '--server', '--listen', 'localhost:0', '--socket-file', file];
    const server = await TestProcess.start('platform', [...lldbServerCommand, ...command]);
    let port = '';
    const hasPort = (): boolean => {
      port = existsSync(file) ? readFileSync(file, 'latin1') : '';
      return port !== '';
    };
    try {
      await eventually('the platform listens', hasPort);
      return new LldbPlatform(server, port, folder);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** lldb's command that connects to it. */
  get connect(): string {
    return `platform connect connect://localhost:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
