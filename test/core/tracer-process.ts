/** A node process that attaches to others, for tests that kill it. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

function script(pids: readonly number[], project: string): string {
  return `
    import process from 'node:process';
    import { createInterface } from 'node:readline';
    import { Tracer } from ${JSON.stringify(pathToFileURL(resolve(project, 'dist/src/core/index.js')).href)};
    const tracer = new Tracer((message, cause) => console.log('warning: ' + message + ': ' + cause.message));
    const told = {};
    const first = (kind) => new Promise((resolve) => { told[kind] = resolve; });
    const exec = first('exec');
    const fork = first('fork');
    const stepDone = first('step-done');
    const onEvent = (event) => { told[event.kind](event); return 'hold'; };
    const engine = { name: 'test', mask: new Set(['exec', 'fork', 'step-done']), onEvent };
    const attached = [];
    for (const pid of ${JSON.stringify(pids)}) attached.push(await tracer.attach(pid, engine));
    const each = (from, count, step, act) => {
      for (let at = 0; at < count; at++) act(BigInt(from) + BigInt(at * step));
    };
    const insert = (which, from, count = 1, step = 1) =>
      each(from, count, step, (at) => attached[which].insertBreakpoint(at));
    const remove = (which, from, count = 1, step = 1) =>
      each(from, count, step, (at) => attached[which].removeBreakpoint(at));
    const go = () => attached.forEach((one) => one.resume([...one.process.threads.values()].map((thread) =>
      ({ thread, action: { kind: 'continue' } }))));
    const Command = Object.getPrototypeOf(async () => {}).constructor;
    const names = ['process', 'tracer', 'attached', 'insert', 'remove', 'go', 'exec', 'fork', 'stepDone', 'engine'];
    let done = 0;
    for await (const line of createInterface({ input: process.stdin })) {
      await new Command(...names, line)(process, tracer, attached, insert, remove, go, exec, fork, stepDone, engine);
      console.log('done ' + ++done + '.');
    }`;
}

export class TracerProcess implements AsyncDisposable {
  readonly process: TestProcess;
  #commands = 0;

  private constructor(started: TestProcess) {
    this.process = started;
  }

  static async start(pids: readonly number[], project = projectRoot): Promise<TracerProcess> {
    const command = [process.execPath, '--input-type=module', '-e', script(pids, project)];
    return new TracerProcess(await TestProcess.start('tracer', command));
  }

  /**
   * Runs one line of JavaScript in it, in which `attached` are the attachments, `insert` and `remove` set and take
   * breakpoints (number of the attachment, first address, how many, how far apart), `go` lets everything run and
   * `engine` is its engine, `exec`, `fork` and `stepDone` are promises of the first such events.
   */
  async run(line: string): Promise<void> {
    this.begin(line);
    await this.process.output.match(new RegExp(`done ${this.#commands}\\.`));
  }

  /** As `run`, for what does not end. */
  begin(line: string): void {
    this.#commands += 1;
    this.process.write(`${line.replaceAll(/\s+/g, ' ')}\n`);
  }

  async kill(): Promise<void> {
    this.process.signal('SIGKILL');
    await this.process.waitForExit();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}

/** Pids of the sentinels of a server, dead or alive. */
export function sentinelsOf(server: number): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && commandLine(entry) === `outstep-sentinel\0${server}\0`)
    .map(Number);
}

/** Empty for a process that is gone, or waits to be reaped. */
function commandLine(entry: string): string {
  try {
    return readFileSync(`/proc/${entry}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
