/** `outstep run`: a program that is held, or reported on, when it crashes or hangs. */
import { appendFileSync, closeSync, openSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { isOutstepError, messageOf } from '../../../base/errors.js';
import { hostProcess } from '../../../base/host-process.js';
import { type Attachment, type ExitStatus, Tracer } from '../../../core/index.js';
import { CrashEngine, crashReport, type Held, reportJson, reportText } from '../../../engines/crash/index.js';
import { CoreTaker } from '../../../snapshot/index.js';
import { inheritedDescriptors } from '../../inherited-descriptors.js';
import { StartError } from '../../start-error.js';
import { nextStopSignal } from '../../stop-signal.js';
import { SharedTerminal } from '../../terminal.js';
import { launchOptions } from '../program-words.js';
import type { Streams } from '../subcommand.js';
import { HeldProcesses } from './held-processes.js';
import { parseRunWords, type RunOptions } from './run-options.js';

export const usage = `Usage:  outstep run [OPTIONS] [--] PROG [ARGS ...]

Runs a program until it ends. A crash is a signal that would end it and dump core: one that it
neither handles nor ignores. The exit status is the program's, or 128 and the signal's number.

  --on-crash=report     Write stacks of all threads, registers, mappings and the last events, and
                        a core file, whatever core_pattern and limits say. The default.
  --on-crash=hold:PORT  Hold the program where it is; gdb may connect to PORT (as COMM of outstep)
                        and sees the signal. When it detaches the program dies by that signal.
  --on-hang=TIME        The same when the program has not ended after TIME (60s, 500ms, 5m);
                        then it runs on.
  --kill                With --on-hang: kill it instead.
  --leave-children      Look after the program alone, and not after its children.
  --core=FILE           Where core files go, with %p for the PID; core.%p unless given.
  --no-core             Write none.
  --report=FILE         Add reports to FILE instead of standard error.
  --events=N            How many of the last events are in a report; 50 unless given.
  --json                Reports are JSON objects, a line each.
`;

/** After that a report is given up, and the program goes its way. */
const longestReportMs = 60_000;

export async function run(words: readonly string[], { errors }: Streams): Promise<number> {
  const options = parseRunWords(words);
  const say = (line: string): void => errors.line(`outstep: ${line}`);
  const tracer = new Tracer((message, cause) => say(`${message}: ${messageOf(cause)}`));
  const held =
    options.treatment.kind === 'hold' ? new HeldProcesses(tracer, options.treatment.comm, errors) : undefined;
  try {
    await held?.open();
    const look = (one: Held): Promise<void> =>
      held === undefined ? inTime(report(one, options, errors.line), say) : held.hold(one);
    const { followsChildren, eventCount } = options;
    const engine = new CrashEngine({ followsChildren, eventCount, say, onHeld: look });
    return await new Run(options, tracer, engine, say).untilEnd();
  } finally {
    await held?.end();
    tracer.dispose();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #tracer: Tracer;
  readonly #engine: CrashEngine;
  readonly #say: (line: string) => void;
  readonly #terminal = new SharedTerminal();

  constructor(options: RunOptions, tracer: Tracer, engine: CrashEngine, say: (line: string) => void) {
    this.#options = options;
    this.#tracer = tracer;
    this.#engine = engine;
    this.#say = say;
  }

  async untilEnd(): Promise<number> {
    const stopped = nextStopSignal();
    const attachment = await this.#launch();
    const { pid } = attachment.process;
    this.#terminal.lend(pid);
    const ended = this.#engine.watch(attachment);
    const over = new AbortController();
    const hung = this.#afterHang(attachment, over.signal);
    const status = await Promise.race([ended, stopped]);
    over.abort();
    await hung;
    if (typeof status === 'number') {
      // As when the program alone had been asked to end.
      if (attachment.process.isAlive) hostProcess.kill(pid, status - 128);
      await this.#engine.leave();
      return status;
    }
    this.#terminal.takeBack(pid);
    await this.#engine.leave();
    return statusOf(status);
  }

  async #launch(): Promise<Attachment> {
    const { program, args } = this.#options;
    try {
      const options = launchOptions([program, ...args], inheritedDescriptors());
      return await this.#tracer.launch(options, this.#engine);
    } catch (error) {
      throw isOutstepError(error) ? new StartError(error.message) : error;
    }
  }

  async #afterHang({ process }: Attachment, signal: AbortSignal): Promise<void> {
    const { hangMs, killsHung } = this.#options;
    if (hangMs === undefined) return;
    try {
      await setTimeout(hangMs, undefined, { signal });
    } catch {
      // It has ended in time.
      return;
    }
    this.#say(`process ${process.pid} has not ended after ${hangMs / 1000} s`);
    await this.#engine.hold(process);
    if (!killsHung || !process.isAlive) return;
    this.#say(`process ${process.pid} is killed`);
    await process.kill();
  }
}

function statusOf(status: ExitStatus): number {
  return status.kind === 'exited' ? status.code : 128 + status.signal;
}

/** Whoever waits for the end of the program is not to wait for a report for ever. */
async function inTime(work: Promise<void>, say: (line: string) => void): Promise<void> {
  const over = new AbortController();
  const limit = setTimeout(longestReportMs, 'late' as const, { signal: over.signal }).catch(() => undefined);
  const first = await Promise.race([work, limit]);
  over.abort();
  if (first === 'late') say(`no report within ${longestReportMs / 1000} s: the program goes on`);
}

async function report(held: Held, options: RunOptions, line: (text: string) => void): Promise<void> {
  const core = writeCore(held, options);
  const found = await crashReport(held);
  const text = options.isJson
    ? JSON.stringify(reportJson(found, core.path))
    : [reportText(found, core.path), ...(core.failure === undefined ? [] : [core.failure])].join('\n');
  if (options.reportFile === undefined) line(text);
  else appendFileSync(options.reportFile, `${text}\n`, { mode: 0o600 });
}

interface WrittenCore {
  readonly path?: string;
  readonly failure?: string;
}

function writeCore({ process, thread }: Held, { core }: RunOptions): WrittenCore {
  if (core === undefined) return {};
  const path = core.replaceAll('%p', String(process.pid));
  try {
    rmSync(path, { force: true });
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      new CoreTaker(process.pid).take(process, descriptor, thread === undefined ? {} : { thread }).finish();
    } finally {
      closeSync(descriptor);
    }
    return { path };
  } catch (error) {
    rmSync(path, { force: true });
    return { failure: `No core file: ${messageOf(error)}` };
  }
}
