/** What tests of scripted engines share: a tracer whose warnings are kept, and engines on one program. */
import assert from 'node:assert/strict';
import { type Address, address } from '../../../src/base/ids.js';
import { type CoreEvent, type LaunchOptions, Tracer } from '../../../src/core/index.js';
import { type EngineOptions, ScriptedEngine } from '../../../src/engines/scripted/index.js';
import { launchOptions, symbolValue } from '../../core/traced-program.js';
import { bounded } from '../../support/bounded.js';
import { compileFixture } from '../../support/fixture.js';

/** A tracer, with what it warns of. */
export class Bench implements Disposable {
  readonly warnings: string[] = [];
  readonly tracer = new Tracer((message, cause) => this.warnings.push(`${message}: ${String(cause)}`));

  engine(options: EngineOptions): ScriptedEngine {
    return new ScriptedEngine(this.tracer, options);
  }

  [Symbol.dispose](): void {
    this.tracer.dispose();
  }
}

export async function fixture(
  name: string,
  args: readonly string[] = [],
  flags: readonly string[] = ['-pthread'],
): Promise<LaunchOptions> {
  return launchOptions(await compileFixture(name, { flags }), args);
}

/** For a program that was linked at a fixed address. */
export function symbolOf(launch: LaunchOptions, name: string): Address {
  return address(symbolValue(launch.program, name));
}

/** The first of several engines launches the program, held; the others join it. */
export async function together(
  bench: Bench,
  launch: LaunchOptions,
  all: readonly EngineOptions[],
): Promise<readonly ScriptedEngine[]> {
  const engines = all.map((options) => bench.engine({ ...options, held: true }));
  const [first, ...others] = engines;
  assert.ok(first);
  const { pid } = await first.launch(launch);
  for (const other of others) await other.attach(pid);
  return engines;
}

export function letGo(engines: readonly ScriptedEngine[]): void {
  for (const engine of engines) engine.resume();
}

export interface Awaited {
  /** The first event of these kinds. */
  readonly heard: Promise<CoreEvent>;
  readonly hear: (event: CoreEvent) => undefined;
}

export function awaited(...kinds: CoreEvent['kind'][]): Awaited {
  let resolve: (event: CoreEvent) => void = () => undefined;
  const heard = new Promise<CoreEvent>((done) => {
    resolve = done;
  });
  return {
    heard: bounded(heard, 30_000, () => kinds.join()),
    hear: (event) => {
      if (kinds.includes(event.kind)) resolve(event);
      return undefined;
    },
  };
}

export function statusOf(event: CoreEvent): unknown {
  assert.equal(event.kind, 'exit');
  return event.status;
}

export const success = { kind: 'exited', code: 0 };
