/** All kinds of engines on one process at the same time, two real debuggers among them. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Address } from '../../src/base/ids.js';
import { parseComm } from '../../src/cli/comm.js';
import { openEndpoint } from '../../src/cli/endpoint.js';
import { Service } from '../../src/cli/serve.js';
import { statusConsole } from '../../src/cli/status.js';
import { type Attachment, statusField, Tracer } from '../../src/core/index.js';
import { CrashEngine } from '../../src/engines/crash/index.js';
import { DebugLog } from '../../src/engines/gdb/debug-log.js';
import { GdbServer } from '../../src/engines/gdb/server.js';
import { ScriptedEngine } from '../../src/engines/scripted/index.js';
import { CallSelection, SyscallsEngine } from '../../src/engines/syscalls/index.js';
import { WatchEngine } from '../../src/engines/watch/index.js';
import { launchOptions } from '../core/traced-program.js';
import { isLongRun, soakLimitMs } from '../soak/cycles.js';
import { compileFixture } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import { startGrandchild } from '../support/orphan.js';
import { eventually, executableText, isSameText, processState, tracerOf } from '../support/proc-files.js';
import { serverConfig } from './gdb/traced-session.js';
import { symbolOf } from './scripted/bench.js';

const threadCount = 32;
/** Two debuggers are asked about each: a minute in the long run. */
const callsEach = isLongRun ? 300 : 5;
/** Of gdb until the program ends. */
const runLimitMs = isLongRun ? soakLimitMs : 240_000;
const hits = threadCount * callsEach;
const flags = ['-no-pie', '-pthread'];

/** What each engine has counted. */
class Counts {
  calls = 0;
  starts = 0;
  held = 0;
  hits = 0;
  readonly warnings: string[] = [];
}

/** The engines that need no client, each on the process of `attachment`, which is that of the first. */
class Others {
  readonly counts = new Counts();
  readonly tracer = new Tracer((message, cause) => this.counts.warnings.push(`${message}: ${String(cause)}`));
  readonly syscalls = new SyscallsEngine(
    {
      followsChildren: false,
      calls: CallSelection.all,
      signals: () => true,
      injections: [],
      stringLimit: 32,
      describesDescriptors: false,
      stacks: undefined,
    },
    (record) => {
      if (record.kind === 'return' && /^clone3?$/.test(record.call.name)) this.counts.calls += 1;
    },
  );
  readonly crash = new CrashEngine({
    followsChildren: false,
    eventCount: 100,
    onHeld: async () => {
      this.counts.held += 1;
    },
    say: () => undefined,
  });
  readonly watch = new WatchEngine({
    kinds: new Set(['thread-start', 'signal', 'exit']),
    calls: [],
    reasonToLeave: () => undefined,
    onRecord: ({ kind }) => {
      if (kind === 'thread-start') this.counts.starts += 1;
    },
  });
  readonly script = new ScriptedEngine(this.tracer, {
    name: 'script',
    events: ['breakpoint'],
    held: true,
    onEvent: () => {
      this.counts.hits += 1;
      return undefined;
    },
  });

  async join(first: Attachment, breakAt: Address): Promise<void> {
    const { process } = first;
    await this.script.attach(process.pid);
    this.script.attachmentTo(process).insertBreakpoint(breakAt);
    const watched = process.attachEngine(this.watch);
    const crashed = process.attachEngine(this.crash);
    this.syscalls.trace(first);
    this.watch.watch(watched, false);
    void this.crash.watch(crashed);
    this.script.resume();
  }
}

interface Serving extends AsyncDisposable {
  readonly server: GdbServer;
  readonly port: number;
}

async function serve(tracer: Tracer): Promise<Serving> {
  const nothing = (): undefined => undefined;
  const console = statusConsole({ line: nothing, print: nothing }, false);
  const endpoint = await openEndpoint(parseComm('localhost:0'));
  const server = new GdbServer(tracer, serverConfig(), console, new DebugLog(() => undefined));
  const service = new Service(server, endpoint, false, console, () => undefined);
  const done = service.run();
  const { place } = endpoint;
  assert.ok(place !== undefined && 'port' in place);
  const port = Number(place.port);
  return {
    server,
    port,
    async [Symbol.asyncDispose]() {
      await server.end();
      await service.end();
      await done;
    },
  };
}

describe('all engines at once', function () {
  this.timeout(runLimitMs + 60_000);

  it(`count everything that ${threadCount} threads do, two gdbs among them, and the result is right`, async () => {
    const path = await compileFixture('hot-threads', { flags });
    const others = new Others();
    const { counts, tracer } = others;
    try {
      const launch = launchOptions(path, [String(threadCount), String(callsEach)]);
      const first = await tracer.launch(launch, others.syscalls);
      await using serving = await serve(tracer);
      await serving.server.attach(first.process.pid);
      await others.join(first, symbolOf(launch, 'hot'));
      await using one = await Gdb.start([`file ${path}`]);
      await using other = await Gdb.start([`file ${path}`]);
      for (const gdb of [one, other]) {
        await gdb.execute(`target remote localhost:${serving.port}`, 60_000);
        await gdb.execute('break hot');
        await gdb.execute('ignore 1 1000000');
      }
      for (const gdb of [one, other]) await gdb.resume('continue');
      for (const gdb of [one, other]) {
        assert.equal((await gdb.nextStop(runLimitMs)).reason, 'exited-normally');
        assert.match(await gdb.execute('info breakpoints'), new RegExp(`already hit ${hits} times`));
      }
      const { calls, starts, held, warnings } = counts;
      assert.deepEqual(
        { calls, starts, held, hits: counts.hits, warnings },
        {
          calls: threadCount,
          starts: threadCount,
          held: 0,
          hits,
          warnings: [],
        },
      );
    } finally {
      tracer.dispose();
    }
  });

  it('leave a running process as it was, one after the other', async () => {
    const path = await compileFixture('answering', { flags: ['-no-pie'] });
    await using started = await startGrandchild('answering', [path]);
    const { pid, process: program } = started;
    await program.output.match(/ready/);
    const before = executableText(pid);
    const masks = ['SigCgt', 'SigIgn', 'SigBlk', 'SigPnd', 'ShdPnd', 'Threads'] as const;
    const state = () => masks.map((field) => statusField(pid, field));
    const stateBefore = state();
    const others = new Others();
    try {
      const first = await others.tracer.attach(pid, others.syscalls);
      const serving = await serve(others.tracer);
      await serving.server.attach(first.process.pid);
      await others.join(first, symbolOf(launchOptions(path), 'answer'));
      await using gdb = await Gdb.start([`file ${path}`]);
      await gdb.execute(`target remote localhost:${serving.port}`, 60_000);
      await gdb.execute('break answer');
      await gdb.execute('ignore 1 1000000');
      await gdb.resume('continue');
      program.write('one\n');
      await program.output.match(/answer to one/);
      assert.equal(others.counts.hits, 1);
      gdb.process.signal('SIGKILL');
      await gdb.process.waitForExit();
      program.write('two\n');
      await program.output.match(/answer to two/);
      assert.equal(others.counts.hits, 2);
      await others.crash.leave();
      await others.script.detach();
      program.write('three\n');
      await program.output.match(/answer to three/);
      assert.equal(others.counts.hits, 2);
      await others.watch.leave();
      await serving[Symbol.asyncDispose]();
      await others.syscalls.leave();
      await eventually('nobody traces it', () => tracerOf(pid) === 0);
      assert.ok(isSameText(pid, before));
      assert.deepEqual(state(), stateBefore);
      program.write('four\n');
      await program.output.match(/answer to four/);
      assert.match(processState(pid), /[RS]/);
      assert.deepEqual(others.counts.warnings, []);
    } finally {
      others.tracer.dispose();
    }
  });
});
