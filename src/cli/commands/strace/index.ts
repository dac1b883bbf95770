/** `outstep strace`: the system calls of programs, in strace's form. */
import { readFileSync } from 'node:fs';
import { errorCodes, isOutstepError, messageOf } from '../../../base/errors.js';
import { hostProcess } from '../../../base/host-process.js';
import { type Pid, pid as pidOf, tid } from '../../../base/ids.js';
import { statusField, Tracer } from '../../../core/index.js';
import { StackReader, SyscallsEngine, type TraceRecord } from '../../../engines/syscalls/index.js';
import { inheritedDescriptors } from '../../inherited-descriptors.js';
import { StartError } from '../../start-error.js';
import { nextStopSignal } from '../../stop-signal.js';
import { launchOptions } from '../program-words.js';
import type { Streams } from '../subcommand.js';
import { parseOptions, type StraceOptions } from './options.js';
import { type Output, openOutput } from './output.js';

export const usage = `Usage:  outstep strace [OPTIONS] [--] PROG [ARGS ...]
        outstep strace [OPTIONS] -p PID[,PID ...]

Shows the system calls of a program, in the form of strace(1), and with its options:
  -f                    Follow the threads and processes that traced ones make.
  -p PID                Attach to running processes; they run on when this ends.
  -o FILE, -o '|COMMAND'
                        Write to FILE, or to a command, instead of standard error.
  -A                    With -o: behind what the file has already.
  -ff                   With -o: one file for each thread, FILE.TID.
  -e trace=SET          Only these calls: names, numbers, %file and other classes, /regex, all,
                        none; ! in front means all others. In programs that are started here,
                        the rest costs nothing (a seccomp filter, as by --seccomp-bpf).
  -e signal=SET         Only these signals.
  -e status=SET         Only calls that end so: successful, failed, unfinished. -z, -Z: the first
                        two.
  -P PATH               Only calls that name this file, or have a descriptor of it.
  -e inject=SET:WHAT    Do something to calls: error=ENOENT, retval=N, signal=NAME,
                        delay_enter=TIME, delay_exit=TIME (microseconds, or 100ms), each time or
                        when=FIRST[..LAST][+STEP], counted in each thread.
  -e fault=SET[:error=ENOENT]
                        As inject, with ENOSYS where no error is given.
  -c, -C                Count calls, errors and time, instead of or behind showing the calls. Time
                        is from one stop to the other, with what tracing costs: about the shortest
                        that any call has. -O TIME takes so much off each.
  -S COLUMN, -U COLUMNS Sort the summary by time, calls, errors, name, ...; show only these columns.
  -k                    Show the stack of each call.
  -t, -tt, -ttt         Time of day, with microseconds, as seconds since 1970.
  -r, -T                Time since the line before; how long each call took.
  --absolute-timestamps=FORMAT,PRECISION, --relative-timestamps=PRECISION, --syscall-times=PRECISION
                        The same, as time or unix, in s, ms, us or ns.
  -n                    The number of each call.
  -s N                  Show at most N bytes of strings (32).
  -v                    Show structs and environments whole (also -e abbrev=none).
  -x, -xx               Strings with bytes that are no text in hex; all strings.
  -y, -yy               Show what file descriptors stand for; also addresses of sockets, numbers of
                        devices.
  -e raw=SET            Arguments and results of these calls as numbers.
  -e read=SET, -e write=SET
                        Dump what is read from these descriptors, what is written to them.
  -a N                  Results begin at column N (40).
  -E NAME[=VALUE]       Set a variable for the program, or take it out.
  -u USER               Run the program as that user.
  -q, -qq, -qqq         Say nothing of processes that are attached to; of ends; of anything else.
  --json                One JSON object a line: calls, signals, ends.

The exit status is the program's; 128 and the signal's number where it is killed.
`;

/** Of the launched program. */
type End = Extract<TraceRecord, { kind: 'exit' }>['status'];

export async function run(words: readonly string[], { errors }: Streams): Promise<number> {
  const options = parseOptions(words);
  const output = openOutput(options, errors);
  const tracer = new Tracer((message, cause) => output.note(`outstep: ${message}: ${messageOf(cause)}`));
  const stacks = options.showsStack ? await StackReader.open() : undefined;
  try {
    return await new Run(options, output, tracer, stacks).untilEnd();
  } finally {
    await output.end();
    tracer.dispose();
    stacks?.[Symbol.dispose]();
  }
}

class Run {
  readonly #options: StraceOptions;
  readonly #output: Output;
  readonly #tracer: Tracer;
  readonly #engine: SyscallsEngine;
  readonly #ended: Promise<void>;
  #launched: Pid | undefined;
  #end: End | undefined;

  constructor(options: StraceOptions, output: Output, tracer: Tracer, stacks: StackReader | undefined) {
    this.#options = options;
    this.#output = output;
    this.#tracer = tracer;
    // What a program says at the terminal stands between the calls by which it says so.
    const mayRunAhead = options.file !== undefined || options.form === 'summary';
    this.#engine = new SyscallsEngine({ ...options, stacks, mayRunAhead }, (record) =>
      this.#onRecord(record),
    );
    this.#ended = new Promise((resolve) => this.#engine.onEnd(resolve));
  }

  async untilEnd(): Promise<number> {
    const stopped = nextStopSignal();
    if (!this.#options.quiet.has('path-resolution'))
      for (const [path, resolved] of this.#options.resolvedPaths)
        this.#output.note(`outstep: Requested path "${path}" resolved into "${resolved}"`);
    await this.#start();
    const status = await Promise.race([this.#ended.then(() => undefined), stopped]);
    if (status === undefined) return this.#exitStatus();
    // As when the program alone had been asked to end; what was attached to runs on.
    if (this.#launched !== undefined && this.#end === undefined)
      hostProcess.kill(this.#launched, status - 128);
    await this.#engine.leave();
    return status;
  }

  async #start(): Promise<void> {
    const { pids, program } = this.#options;
    try {
      for (const one of pids) await this.#attach(one);
      if (program.length > 0) await this.#launch(program);
    } catch (error) {
      if (!isOutstepError(error) || error.code === errorCodes.NO_ADDON) throw error;
      await this.#engine.leave();
      throw new StartError(error.message);
    }
  }

  /** One thread, which may be any of its process's, or all of them. */
  async #attach(target: number): Promise<void> {
    const process = processOf(target);
    const attachment = await this.#tracer.attach(process, this.#engine);
    const { threads } = attachment.process;
    const followed = this.#options.followsChildren ? [...threads.keys()] : [tid(target)];
    const count = followed.length > 1 ? ` with ${followed.length} threads` : '';
    this.#output.note(`outstep: Process ${target} attached${count}`);
    this.#engine.trace(attachment, followed);
  }

  async #launch(words: readonly string[]): Promise<void> {
    const environment = { ...(hostProcess.env as Record<string, string>) };
    for (const [name, value] of this.#options.variables) {
      if (value === undefined) delete environment[name];
      else environment[name] = value;
    }
    const { user } = this.#options;
    const options = launchOptions(words, inheritedDescriptors(), environment);
    const wrapper = user === undefined ? [] : asUser(user);
    const attachment = await this.#tracer.launch({ ...options, wrapper }, this.#engine);
    this.#launched = attachment.process.pid;
    this.#engine.tellFirstCall(attachment);
    this.#engine.trace(attachment);
  }

  #onRecord(record: TraceRecord): void {
    if (record.kind === 'exit' && record.tid === Number(this.#launched)) this.#end = record.status;
    if (record.kind === 'attached') this.#output.note(`outstep: Process ${record.tid} attached`);
    this.#output.record(record);
  }

  #exitStatus(): number {
    if (this.#end === undefined) return 0;
    return this.#end.kind === 'exited' ? this.#end.code : 128 + this.#end.signal;
  }
}

/** A command in front that gives up this process's privileges for a user's; the program is told of from its own start on. */
function asUser(user: string): readonly string[] {
  return ['setpriv', `--reuid=${user}`, `--regid=${groupOf(user)}`, '--init-groups', '--'];
}

function groupOf(user: string): string {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name, , id]) => name === user || id === user);
  if (row?.[3] === undefined) throw new StartError(`-u: there is no user ${user}`);
  return row[3];
}

/** The process that a thread belongs to; of one that is not there, the id as it is. */
function processOf(thread: number): Pid {
  return pidOf(Number(statusField(thread, 'Tgid') ?? thread));
}
