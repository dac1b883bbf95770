/** One test's gdb and server on a compiled fixture; whatever happens, nothing is left running afterwards. */
import { basename } from 'node:path';
import { DebugServer } from './debug-server.js';
import { type CompileOptions, compileFixture, fixtureSource, lineOf } from './fixture.js';
import { Gdb } from './gdb.js';
import { TestProcess } from './test-process.js';
import type { Transcript } from './transcript.js';

export interface SessionOptions {
  readonly compile?: CompileOptions;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** Options of the server, before its address. */
  readonly serverOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** gdb commands before it connects. */
  readonly settings?: readonly string[];
  /** Default true; see GdbOptions. */
  readonly logsPackets?: boolean;
}

export interface Session {
  readonly gdb: Gdb;
  readonly server: DebugServer;
  /** Path of the compiled fixture. */
  readonly program: string;
  /** Line of the fixture's source with this marker. */
  line(marker: string): number;
  /** The same as a place for gdb, `file:line`. */
  at(marker: string): string;
}

function places(name: string): Pick<Session, 'line' | 'at'> {
  const file = basename(fixtureSource(name));
  return { line: (marker) => lineOf(name, marker), at: (marker) => `${file}:${lineOf(name, marker)}` };
}

const shownPackets = 30;

/** Adds what was seen to a failure: the reader of the report was not there. */
async function explain(error: unknown, gdb: Gdb | undefined, outputs: readonly Transcript[]): Promise<never> {
  if (!(error instanceof Error)) throw error;
  const packets = gdb === undefined ? [] : (await gdb.packets()).trimEnd().split('\n').slice(-shownPackets);
  const shown = packets.map((packet) => packet.slice(0, 200)).join('\n');
  const tails = outputs.map((output) => output.tail()).join('\n');
  error.stack = `${error.stack}\n${tails}\n--- last packets ---\n${shown}\n`;
  throw error;
}

/** gdb alone, for tests that start their server in their own way. */
export async function withGdb(settings: readonly string[], test: (gdb: Gdb) => Promise<void>): Promise<void> {
  await using gdb = await Gdb.start(settings);
  await test(gdb).catch((error) => explain(error, gdb, [gdb.process.output]));
}

/** A server that serves one gdb, and that gdb, not yet connected. */
export async function withServer(
  args: readonly string[],
  options: SessionOptions,
  test: (gdb: Gdb, server: DebugServer) => Promise<void>,
): Promise<void> {
  const place = {
    ...(options.env && { env: options.env }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  };
  await using server = await DebugServer.start(args, place);
  await using gdb = await Gdb.start(options.settings, { logsPackets: options.logsPackets ?? true });
  await test(gdb, server).catch((error) => explain(error, gdb, [gdb.process.output, server.output]));
}

/** `target remote` on a program that the server starts, stopped at its first instruction. */
export async function debugFixture(
  name: string,
  options: SessionOptions,
  test: (session: Session) => Promise<void>,
): Promise<void> {
  const program = await compileFixture(name, options.compile);
  const args = [...(options.serverOptions ?? []), '--once', 'localhost:0', program, ...(options.args ?? [])];
  await withServer(args, options, async (gdb, server) => {
    await gdb.execute(`file ${program}`);
    await gdb.execute(`target remote ${server.address}`);
    await test({ gdb, server, program, ...places(name) });
  });
}

/** `target extended-remote` on a server without a program; the fixture is what `run` will start. */
export async function debugExtended(
  name: string,
  options: SessionOptions,
  test: (session: Session) => Promise<void>,
): Promise<void> {
  const program = await compileFixture(name, options.compile);
  const args = [...(options.serverOptions ?? []), '--once', '--multi', 'localhost:0'];
  await withServer(args, options, async (gdb, server) => {
    await gdb.execute(`file ${program}`);
    await gdb.execute(`target extended-remote ${server.address}`);
    await gdb.execute(`set remote exec-file ${program}`);
    await test({ gdb, server, program, ...places(name) });
  });
}

/** A fixture that runs by itself, to be attached to, once it has printed `ready`. */
export async function withRunning(
  name: string,
  options: SessionOptions & { readonly ready: RegExp },
  test: (running: TestProcess, program: string) => Promise<void>,
): Promise<void> {
  const program = await compileFixture(name, options.compile);
  await using running = await TestProcess.start(name, [program, ...(options.args ?? [])]);
  await running.output.match(options.ready, 15_000);
  await test(running, program).catch((error) => explain(error, undefined, [running.output]));
}
