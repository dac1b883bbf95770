/** A server in the guest, and a gdb of this machine on it. The guest's name comes in OUTSTEP_GUEST. */
import { basename, resolve } from 'node:path';
import process from 'node:process';
import { after } from 'mocha';
import { type CompileOptions, compileFixture, fixtureSource, lineOf } from '../../support/fixture.js';
import { Gdb } from '../../support/gdb.js';
import { projectRoot } from '../../support/project-paths.js';
import { TestProcess } from '../../support/test-process.js';
import { Guest } from '../guest.js';
import { sysrootOf } from './sysroot.js';

/** The bundle: a hundred modules take ten seconds to load from this machine's folder. */
export const serverCommand = ['node', resolve(projectRoot, 'dist/outstep.cjs')];
/** The server ends when its input does, which is when this process has ended or lets go of it. */
const tied = '"$@" < /dev/null & cat > /dev/null; kill $! 2> /dev/null';
const debuggerProgram = 'gdb-multiarch';

export function theGuest(): Guest {
  const name = process.env.OUTSTEP_GUEST ?? '';
  const guest = Guest.find(name);
  if (guest === undefined) throw new Error(`no guest "${name}" runs (OUTSTEP_GUEST)`);
  return guest;
}

let turns = 0;

/** A port that leads into the guest. Each time the next one: the last server may still be ending. */
export function nextPort({ state: { ports } }: Guest): number {
  const port = ports[turns++ % ports.length];
  if (port === undefined) throw new Error('the guest has no ports');
  return port;
}

export class GuestServer implements AsyncDisposable {
  constructor(
    readonly process: TestProcess,
    readonly port: number,
  ) {}

  get output(): TestProcess['output'] {
    return this.process.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.endInput();
    try {
      await this.process.waitForExit();
    } finally {
      await this.process[Symbol.asyncDispose]();
    }
  }
}

/** @param args options and program, without the address */
export async function startServer(
  options: readonly string[],
  program: readonly string[] = [],
): Promise<GuestServer> {
  const guest = theGuest();
  const port = nextPort(guest);
  const server = [...serverCommand, ...options, `0.0.0.0:${port}`, ...program];
  const command = guest.shellCommand(['sh', '-c', tied, 'sh', ...server]);
  const running = await TestProcess.start('server in the guest', command);
  try {
    await running.output.match(/^Listening on port/m, 20_000);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return new GuestServer(running, port);
}

/** One for all sessions that do not mind. */
let shared: GuestServer | undefined;

async function sharedServer(): Promise<GuestServer> {
  shared ??= await startServer(['--multi']);
  return shared;
}

async function stopSharedServer(): Promise<void> {
  const server = shared;
  shared = undefined;
  await server?.[Symbol.asyncDispose]();
}

after(stopSharedServer);

export interface GuestSessionOptions {
  readonly compile?: Omit<CompileOptions, 'machine'>;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  readonly settings?: readonly string[];
}

export interface GuestSession {
  readonly gdb: Gdb;
  readonly server: GuestServer;
  /** Path of the compiled fixture, here and there. */
  readonly program: string;
  /** Line of the fixture's source with this marker. */
  line(marker: string): number;
  /** The same as a place for gdb, `file:line`. */
  at(marker: string): string;
}

async function explained(work: Promise<void>, gdb: Gdb, server: GuestServer): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error)
      error.stack = `${error.stack}\n${gdb.process.output.tail()}\n${server.output.tail()}`;
    throw error;
  }
}

function sessionOf(fixture: string, gdb: Gdb, server: GuestServer, program: string): GuestSession {
  const line = (marker: string): number => lineOf(fixture, marker);
  return {
    gdb,
    server,
    program,
    line,
    at: (marker) => `${basename(fixtureSource(fixture))}:${line(marker)}`,
  };
}

/** gdb on a program that it has made the guest's server start, stopped at its first instruction. */
export async function debugInGuest(
  fixture: string,
  options: GuestSessionOptions,
  test: (session: GuestSession) => Promise<void>,
): Promise<void> {
  const program = await compileFixture(fixture, { ...options.compile, machine: 'aarch64' });
  const settings = [`set sysroot ${await sysrootOf(theGuest())}`, ...(options.settings ?? [])];
  const server = await sharedServer();
  await using gdb = await Gdb.start(settings, { program: debuggerProgram, logsPackets: false });
  const work = async (): Promise<void> => {
    await gdb.execute(`file ${program}`);
    await gdb.execute(`target extended-remote localhost:${server.port}`);
    await gdb.execute(`set remote exec-file ${program}`);
    if (options.args !== undefined) await gdb.execute(`set args ${options.args.join(' ')}`);
    await gdb.run('starti');
    await test(sessionOf(fixture, gdb, server, program));
  };
  try {
    await explained(work(), gdb, server);
  } catch (error) {
    // The next session is not to suffer from it.
    await stopSharedServer();
    throw error;
  }
}

/** `target remote` on a program that a server of its own has started; libraries come through the server. */
export async function debugOnce(
  fixture: string,
  test: (session: GuestSession) => Promise<void>,
): Promise<void> {
  const program = await compileFixture(fixture, { machine: 'aarch64' });
  await using server = await startServer(['--once'], [program]);
  const settings = ['set sysroot target:', 'set debug-file-directory /nonexistent'];
  await using gdb = await Gdb.start(settings, { program: debuggerProgram, logsPackets: false });
  const work = async (): Promise<void> => {
    await gdb.execute(`file ${program}`);
    await gdb.execute(`target remote localhost:${server.port}`, 60_000);
    await test(sessionOf(fixture, gdb, server, program));
  };
  await explained(work(), gdb, server);
}
