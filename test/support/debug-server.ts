/**
 * The debug server under test: Outstep, or what the environment variable OUTSTEP_TEST_SERVER names. With
 * OUTSTEP_TEST_SERVER=/usr/bin/gdbserver the same tests run against GNU gdbserver, which understands the same
 * command lines: what fails there as well is the test's fault.
 */
import { basename } from 'node:path';
import process from 'node:process';
import { commandScript } from './project-paths.js';
import { TestProcess, type TestProcessOptions } from './test-process.js';

const other = process.env.OUTSTEP_TEST_SERVER;

/** Program and first arguments of the server. */
export const serverCommand: readonly string[] =
  other === undefined ? [process.execPath, commandScript] : other.split(' ');

export const isGnuServer = basename(serverCommand[0] ?? '') === 'gdbserver';

/** Skips the rest of a test that GNU gdbserver is known to fail. */
export function skipOnGnuServer(test: Mocha.Context, reason: string): void {
  if (!isGnuServer) return;
  if (test.test !== undefined) test.test.title += ` [not with gdbserver: ${reason}]`;
  test.skip();
}

export class DebugServer implements AsyncDisposable {
  private constructor(
    readonly process: TestProcess,
    readonly port: number,
  ) {}

  static async start(args: readonly string[], options: TestProcessOptions = {}): Promise<DebugServer> {
    const server = await TestProcess.start('server', [...serverCommand, ...args], options);
    try {
      const match = await server.output.match(/^Listening on port (\d+)/m, 15_000);
      return new DebugServer(server, Number(match[1]));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get output(): TestProcess['output'] {
    return this.process.output;
  }

  /** The address as gdb's `target remote` takes it. */
  get address(): string {
    return `localhost:${this.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}
