/** What a published server must be able to do wherever it was put: whole sessions, and repair what it leaves behind. */
import assert from 'node:assert/strict';
import { RspClient } from '../../src/client/index.js';
import { symbolValue } from '../core/traced-program.js';
import { compileFixture } from '../support/fixture.js';
import { eventually, executableText, isSameText } from '../support/proc-files.js';
import { TestProcess, type TestProcessOptions } from '../support/test-process.js';

/** How a server is started: the words before gdbserver's own, and where. */
export interface ServerCommand extends TestProcessOptions {
  readonly words: readonly string[];
}

/** A guest under emulation takes its time. */
const timeoutMs = 120_000;

async function connect(server: TestProcess): Promise<RspClient> {
  const [, port] = await server.output.match(/^Listening on port (\d+)/m, timeoutMs);
  return RspClient.connect({ port: Number(port) }, { timeoutMs });
}

/** Fixtures, which hold their symbols where they are loaded. */
export interface Programs {
  readonly sample: string;
  readonly spinner: string;
}

export async function compilePrograms(): Promise<Programs> {
  const flags = ['-no-pie'];
  const [sample, spinner] = await Promise.all(
    ['sample', 'spinner'].map((name) => compileFixture(name, { flags })),
  );
  return { sample: String(sample), spinner: String(spinner) };
}

/** Launches a program, stops it at a breakpoint in each of its threads, and lets it run to its end. */
export async function checkLaunch(
  { words, ...options }: ServerCommand,
  { sample }: Pick<Programs, 'sample'>,
): Promise<void> {
  const deposit = symbolValue(sample, 'deposit');
  await using server = await TestProcess.start(
    'server',
    [...words, '--once', 'localhost:0', sample],
    options,
  );
  await using client = await connect(server);
  await client.breakpoints.set(deposit);
  for (let hit = 1; hit <= 6; hit++) {
    const stop = await client.continue();
    assert.ok(stop.kind === 'signal' && stop.signal === 5, JSON.stringify(stop));
    assert.equal(await client.registers.readRole('pc'), deposit);
  }
  const end = await client.continue();
  assert.ok(end.kind === 'exited' && end.code === 12, JSON.stringify(end));
  await client.close();
  assert.deepEqual(await server.waitForExit(timeoutMs), { kind: 'exited', code: 0 });
}

/** Attaches to a program, sets a breakpoint and is killed: the program has its own text again. */
export async function checkRepair(
  { words, ...options }: ServerCommand,
  { spinner }: Pick<Programs, 'spinner'>,
): Promise<void> {
  await using program = await TestProcess.start('program', [spinner, '2']);
  await program.output.match(/ready/, timeoutMs);
  const text = executableText(program.pid);
  await using server = await TestProcess.start(
    'server',
    [...words, '--attach', 'localhost:0', String(program.pid)],
    options,
  );
  const client = await connect(server);
  try {
    await client.breakpoints.set(symbolValue(spinner, 'on_usr1'));
    assert.ok(!isSameText(program.pid, text), 'the breakpoint is in');
    server.signal('SIGKILL');
    await server.waitForExit(timeoutMs);
    await eventually('the text is as it was', () => isSameText(program.pid, text), timeoutMs);
  } finally {
    await client.close();
  }
}
