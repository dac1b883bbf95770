/** A program under a debug adapter, as the suites want it: begun with its breakpoints, and asked for what an editor shows. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { before, describe, it } from 'mocha';
import { compileFixture, fixtureSource, lineOf } from '../support/fixture.js';
import { TestProcess } from '../support/test-process.js';
import { type Ability, type AdapterRow, adapters, type Start } from './adapters.js';
import { DapSession } from './dap-session.js';

export const fixture = 'editing';
const attemptsMore = 3;

export interface LineBreakpoint extends Omit<DebugProtocol.SourceBreakpoint, 'line'> {
  /** `here: MARK` in the fixture. */
  readonly mark: string;
}

export interface Setup {
  readonly lines?: readonly LineBreakpoint[];
  readonly functions?: readonly string[];
}

/** Where a thread stands. */
export interface Place {
  readonly threadId: number;
  readonly reason: string;
  readonly frames: readonly DebugProtocol.StackFrame[];
}

export interface ShownVariable extends DebugProtocol.Variable {
  /** The reference of the scope that shows it. */
  readonly scope: number;
}

export class Debugging implements AsyncDisposable {
  readonly #start: Start;
  readonly session: DapSession;

  private constructor(start: Start, session: DapSession) {
    this.#start = start;
    this.session = session;
  }

  /** Starts the adapter; the program has been told to run when this resolves. */
  static async begin(start: Start, { lines = [], functions = [] }: Setup = {}): Promise<Debugging> {
    const session = await DapSession.start(start.adapter);
    const begun = session.request(start.request, start.entry);
    // Adapters answer it before or after the configuration; whoever waits below hears of a failure.
    begun.catch(() => undefined);
    const debugging = new Debugging(start, session);
    try {
      await Promise.race([session.event('initialized'), begun.then(() => session.event('initialized'))]);
      if (lines.length > 0) await debugging.setLines(lines);
      if (functions.length > 0) {
        const breakpoints = functions.map((name) => ({ name }));
        await session.request('setFunctionBreakpoints', { breakpoints });
      }
      await session.request('configurationDone');
      await begun;
    } catch (error) {
      await debugging[Symbol.asyncDispose]();
      throw error;
    }
    return debugging;
  }

  setLines(lines: readonly LineBreakpoint[]): Promise<DebugProtocol.SetBreakpointsResponse> {
    return this.session.request('setBreakpoints', {
      source: { path: fixtureSource(fixture), name: `${fixture}.c` },
      breakpoints: lines.map(({ mark, ...rest }) => ({ line: lineOf(fixture, mark), ...rest })),
    });
  }

  /**
   * The next stop for a reason, and where it is. An adapter may tell of one that it goes on from itself, as of that of a
   * program which it attaches to.
   */
  async stopped(): Promise<Place> {
    for (;;) {
      const { body } = await this.session.event<DebugProtocol.StoppedEvent>('stopped');
      if (typeof body.reason !== 'string') continue;
      const { threadId } = body;
      assert.ok(threadId !== undefined, this.session.transcript);
      return { threadId, reason: body.reason, frames: await this.frames(threadId) };
    }
  }

  /** The next stop, which is at a marked line of a function. */
  async stoppedAt(mark: string, name: string): Promise<Place> {
    const place = await this.stopped();
    const [top] = place.frames;
    assert.deepEqual(
      [top?.name.replace(/\(.*/, ''), top?.line],
      [name, lineOf(fixture, mark)],
      this.session.transcript,
    );
    return place;
  }

  async frames(threadId: number): Promise<readonly DebugProtocol.StackFrame[]> {
    const { body } = await this.session.request<DebugProtocol.StackTraceResponse>('stackTrace', {
      threadId,
      startFrame: 0,
      levels: 20,
    });
    return body.stackFrames;
  }

  async threads(): Promise<readonly DebugProtocol.Thread[]> {
    return (await this.session.request<DebugProtocol.ThreadsResponse>('threads')).body.threads;
  }

  async resume(threadId: number): Promise<void> {
    await this.session.request('continue', { threadId });
  }

  /** The value of an expression in a frame, as the adapter writes it. */
  async evaluate(expression: string, { frames }: Place): Promise<string> {
    const { body } = await this.session.request<DebugProtocol.EvaluateResponse>('evaluate', {
      expression,
      frameId: frames[0]?.id,
      context: 'watch',
    });
    return body.result;
  }

  /** What the editor's tree shows of a frame's variables, those of all scopes but registers. */
  async variables({ frames }: Place): Promise<readonly ShownVariable[]> {
    const { body } = await this.session.request<DebugProtocol.ScopesResponse>('scopes', {
      frameId: frames[0]?.id,
    });
    const scopes = body.scopes.filter(({ name }) => !/register|global/i.test(name));
    const lists = await Promise.all(
      scopes.map(async ({ variablesReference }) =>
        (await this.children(variablesReference)).map((variable) => ({
          ...variable,
          scope: variablesReference,
        })),
      ),
    );
    return lists.flat();
  }

  async children(variablesReference: number): Promise<readonly DebugProtocol.Variable[]> {
    const { body } = await this.session.request<DebugProtocol.VariablesResponse>('variables', {
      variablesReference,
    });
    return body.variables;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    await this.#start[Symbol.asyncDispose]();
  }
}

/** Of the program. */
export async function pidOf(debugging: Debugging, place: Place): Promise<number> {
  return Number(await debugging.evaluate('own_pid', place));
}

export function compileProgram(): Promise<string> {
  return compileFixture(fixture);
}

/** The program under an adapter, started for so many rounds; 0: without end. */
export async function launch(adapter: AdapterRow, rounds: number, setup: Setup = {}): Promise<Debugging> {
  return Debugging.begin(await adapter.launch(await compileProgram(), [`${rounds}`]), setup);
}

/** A running process under an adapter; it goes on until its next breakpoint. */
export async function attach(adapter: AdapterRow, pid: number, setup: Setup = {}): Promise<Debugging> {
  const debugging = await Debugging.begin(await adapter.attach(await compileProgram(), pid), setup);
  if (adapter.stopsAfterAttach) await debugging.resume((await debugging.stopped()).threadId);
  return debugging;
}

/** The program, running without end by itself. */
export async function startTarget(): Promise<TestProcess> {
  const target = await TestProcess.start('target', [await compileProgram(), '0']);
  return target;
}

/** How adapters say it; of the others a test shows what happens. */
const capabilities: Readonly<Partial<Record<Ability, keyof DebugProtocol.Capabilities>>> = {
  restart: 'supportsRestartRequest',
  terminate: 'supportsTerminateRequest',
  'data-breakpoints': 'supportsDataBreakpoints',
  memory: 'supportsReadMemoryRequest',
  'instruction-breakpoints': 'supportsInstructionBreakpoints',
};

/** @param otherwise what adapters do that do not offer it; by default they say so in their capabilities */
export type ItNeeds = (
  ability: Ability,
  title: string,
  test: () => Promise<void>,
  otherwise?: () => Promise<void>,
) => void;

/** A suite for each adapter; what one does not offer is named there. */
export function forEachAdapter(title: string, body: (adapter: AdapterRow, itNeeds: ItNeeds) => void): void {
  for (const adapter of adapters)
    describe(`dap: ${title}: ${adapter.name}`, function () {
      this.timeout(120_000);
      this.retries(adapter.forgetsSteps ? attemptsMore : 0);
      before(async function () {
        this.timeout(600_000);
        await adapter.prepare?.();
        await compileProgram();
      });
      body(adapter, (ability, name, test, otherwise = () => expectNotOffered(adapter, ability)) => {
        const isOffered = !adapter.lacks.includes(ability);
        it(isOffered ? name : `${name} [not offered: ${ability}]`, isOffered ? test : otherwise);
      });
    });
}

/** It says so itself; one that learns it is a cell to test. */
async function expectNotOffered(adapter: AdapterRow, ability: Ability): Promise<void> {
  await using start = await adapter.launch(await compileProgram(), ['1']);
  await using session = await DapSession.start(start.adapter);
  const capability = capabilities[ability];
  assert.ok(
    capability !== undefined && session.capabilities[capability] !== true,
    `${adapter.name}: ${ability}`,
  );
}
