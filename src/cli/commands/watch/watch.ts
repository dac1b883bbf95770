/** `outstep watch`: what becomes of a tree of processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { isOutstepError, messageOf } from '../../../base/errors.js';
import { hostProcess } from '../../../base/host-process.js';
import { type Pid, pid as pidType } from '../../../base/ids.js';
import { commandName, type Process, statusField, Tracer } from '../../../core/index.js';
import { WatchEngine } from '../../../engines/watch/index.js';
import type { EventRecord } from '../../../event-log/index.js';
import { inheritedDescriptors } from '../../inherited-descriptors.js';
import { StartError } from '../../start-error.js';
import { nextStopSignal } from '../../stop-signal.js';
import { SharedTerminal } from '../../terminal.js';
import { launchOptions } from '../program-words.js';
import type { Streams } from '../subcommand.js';
import { parseWatchWords, type WatchWords } from './watch-options.js';
import { WatchOutput } from './watch-output.js';

export const usage = `Usage:  outstep watch [OPTIONS] PID
        outstep watch [OPTIONS] -- PROG [ARGS ...]

Shows what becomes of a process and its descendants: forks, programs, ends, signals and who sent
them, threads, libraries. It goes on until the last of them has ended, or until Ctrl-C; processes
that were attached to run on. The exit status is the program's.

  --events=LIST         Only these: fork, exec, exit, signal, thread, library.
  --calls=LIST          System calls as well, by their names.
  --comm=LIST           Only processes of these names (comm): others run untraced as soon as they
                        have executed a program, and so do their descendants. PID or PROG itself
                        is watched in any case.
  --uid=LIST            Only processes of these users, in the same way.
  --json                JSON, an object a line, instead of a tree.
  -o, --output FILE     Write to FILE instead of standard output.
  --trace=FILE          Write a trace for chrome://tracing or ui.perfetto.dev as well.
  --ring=COUNT:FILE     Keep the last COUNT events, and write them to FILE (JSON) when a process
                        is killed by a signal.
`;

export async function run(words: readonly string[], { errors }: Streams): Promise<number> {
  const options = parseWatchWords(words);
  const output = new WatchOutput(options);
  const tracer = new Tracer((message, cause) => errors.line(`outstep: ${message}: ${messageOf(cause)}`));
  try {
    return await new Watch(options, output, tracer).untilEnd();
  } finally {
    tracer.dispose();
    await output.end();
  }
}

class Watch {
  readonly #options: WatchWords;
  readonly #tracer: Tracer;
  readonly #engine: WatchEngine;
  readonly #ended: Promise<void>;
  readonly #terminal = new SharedTerminal();
  #launched: Process | undefined;
  #status = 0;

  constructor(options: WatchWords, output: WatchOutput, tracer: Tracer) {
    this.#options = options;
    this.#tracer = tracer;
    const { kinds, calls } = options;
    this.#engine = new WatchEngine({
      kinds: new Set([...kinds, 'exit']),
      calls,
      reasonToLeave: (process) => this.#reasonToLeave(process),
      onRecord: (record) => {
        if (record.kind === 'exit') this.#onExit(record);
        if (kinds.has(record.kind)) output.add(record);
      },
    });
    this.#ended = new Promise((resolve) => this.#engine.onEnd(resolve));
  }

  async untilEnd(): Promise<number> {
    const stopped = nextStopSignal();
    try {
      if (this.#options.pid === undefined) await this.#launch(this.#options.program);
      else await this.#attach(this.#options.pid);
    } catch (error) {
      await this.#engine.leave();
      throw isOutstepError(error) ? new StartError(error.message) : error;
    }
    const stop = await Promise.race([this.#ended.then(() => undefined), stopped]);
    if (stop === undefined) return this.#status;
    // As when the program alone had been asked to end.
    if (this.#launched?.isAlive === true) hostProcess.kill(this.#launched.pid, stop - 128);
    await this.#engine.leave();
    return this.#launched === undefined ? 0 : stop;
  }

  async #launch(words: readonly string[]): Promise<void> {
    const options = launchOptions(words, inheritedDescriptors());
    const attachment = await this.#tracer.launch(options, this.#engine);
    this.#launched = attachment.process;
    this.#terminal.lend(attachment.process.pid);
    this.#engine.watch(attachment, false);
  }

  /** With its descendants, as far as they are there by then. */
  async #attach(root: Pid): Promise<void> {
    this.#engine.watch(await this.#tracer.attach(root, this.#engine), true);
    for (const child of descendantsOf(root)) {
      if (this.#tracer.processes.has(child)) continue;
      const attachment = await this.#tracer.attach(child, this.#engine).catch((error: unknown) => {
        this.#tracer.warn(`process ${child} is not watched`, error);
        return undefined;
      });
      if (attachment === undefined) continue;
      if (this.#reasonToLeave(attachment.process) === undefined) this.#engine.watch(attachment, true);
      else await attachment.detach();
    }
  }

  #onExit({ pid, details }: EventRecord): void {
    if (this.#launched?.pid !== pid) return;
    this.#terminal.takeBack(pid);
    this.#status = details.number === undefined ? Number(details.code) : 128 + Number(details.number);
  }

  #reasonToLeave({ pid }: Process): string | undefined {
    const { names, users } = this.#options;
    if (pid === this.#options.pid || pid === this.#launched?.pid) return undefined;
    const user = Number(statusField(pid, 'Uid')?.split(/\s+/)[0]);
    if (users !== undefined && !users.has(user)) return `it is of user ${user}`;
    const name = commandName(pid) ?? '';
    // A copy of its parent bears the parent's name until it executes a program.
    const isOfParent = name === commandName(Number(statusField(pid, 'PPid')));
    return names === undefined || names.has(name) || isOfParent ? undefined : `its name is ${name}`;
  }
}

function* descendantsOf(pid: Pid): Generator<Pid> {
  for (const child of childrenOf(pid)) {
    yield child;
    yield* descendantsOf(child);
  }
}

/** /proc/PID/task/TID/children, proc(5). */
function childrenOf(pid: Pid): readonly Pid[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .split(' ')
        .filter((word) => word !== '')
        .map((word) => pidType(Number(word))),
    );
  } catch {
    // It is gone, and its children are none of its own any more.
    return [];
  }
}
