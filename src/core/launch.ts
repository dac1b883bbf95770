/** Starts a program under the tracer: through a shell and a wrapper when asked, up to its own first instruction. */
import { errorCodes, messageOf, OutstepError } from '../base/errors.js';
import { type Pid, pid, tid } from '../base/ids.js';
import { isNativeError } from '../native/binding.js';
import type { NativeEvent } from '../native/binding-types.js';
import type { Attachment } from './attachment.js';
import type { Engine } from './engine.js';
import { executablePath } from './proc.js';
import { Process } from './process.js';
import type { Tracer } from './tracer.js';

export interface LaunchOptions {
  readonly program: string;
  /** Arguments behind argv[0], handed over verbatim. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly disableRandomization: boolean;
  /** `/bin/sh -c 'exec PROGRAM ARGS'`. */
  readonly startWithShell: boolean;
  /** A command that executes the program given as its last arguments, for example `env NAME=VALUE`. */
  readonly wrapper?: readonly string[];
  /** stdin from /dev/null, stdout to stderr. */
  readonly redirectStdio: boolean;
}

const shell = '/bin/sh';
const execEvent = 4;
const eventStop = 128;
const sigtrap = 5;

export async function launchProcess(
  tracer: Tracer,
  options: LaunchOptions,
  engine: Engine,
): Promise<Attachment> {
  const command = commandLine(options);
  const started = spawn(tracer, options, command);
  await untilExec(tracer, started, options, command.execs);
  return adoptLaunched(tracer, started, options, engine);
}

/** The command to execute and how many times the process will execute a program until it is the wanted one. */
function commandLine(options: LaunchOptions): {
  readonly words: readonly [string, ...string[]];
  readonly execs: number;
} {
  const wrapper = options.wrapper ?? [];
  const [first, ...rest] = [...wrapper, options.program, ...options.args];
  const wrapperExecs = wrapper.length > 0 ? 1 : 0;
  if (!options.startWithShell) return { words: [first ?? options.program, ...rest], execs: 1 + wrapperExecs };
  const line = ['exec', ...[first ?? options.program, ...rest].map(shellQuoted)].join(' ');
  return { words: [shell, '-c', line], execs: 2 + wrapperExecs };
}

/** Quoted for sh(1) so that it stays one word with the same characters. */
function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function spawn(
  tracer: Tracer,
  options: LaunchOptions,
  command: { readonly words: readonly [string, ...string[]] },
): Pid {
  try {
    const child = tracer.native.spawn({
      file: command.words[0],
      args: command.words,
      environment: Object.entries(options.environment).map(([name, value]) => `${name}=${value}`),
      workingDirectory: options.workingDirectory,
      disableRandomization: options.disableRandomization,
      redirectStdio: options.redirectStdio,
    });
    return pid(child);
  } catch (error) {
    const cause = isNativeError(error) ? { cause: error, errno: error.errno } : { cause: error };
    throw new OutstepError(errorCodes.LAUNCH_FAILED, `Cannot ${whatFailed(error, options)}`, cause);
  }
}

function whatFailed(error: unknown, options: LaunchOptions): string {
  const reason = messageOf(error).replace(/^\w+: /, '');
  switch (isNativeError(error) ? error.request : '') {
    case 'PTRACE_SEIZE':
      return `trace ${options.program}: ${reason}: somebody traces this server, or ptrace is forbidden here`;
    case 'chdir':
      return `run ${options.program} in ${options.workingDirectory}: ${reason}`;
    default:
      return `exec ${options.program}: ${reason}`;
  }
}

function untilExec(tracer: Tracer, started: Pid, options: LaunchOptions, execs: number): Promise<void> {
  let remaining = execs;
  return new Promise((resolve, reject) => {
    const listener = (event: NativeEvent): void => {
      if (event.kind !== 'stopped') {
        tracer.unlisten(started);
        reject(startupFailure(options.program, event));
        return;
      }
      if (remaining === 0 && event.event === 0 && event.code === sigtrap) {
        tracer.unlisten(started);
        resolve();
        return;
      }
      if (event.event === execEvent) remaining -= 1;
      // The exec stop is inside the system call: one step leads out of it, to the program's first instruction.
      const mode = remaining === 0 ? 'step' : 'continue';
      const isGroupStop = event.event === eventStop && event.code !== sigtrap;
      tracer.native.resume(started, isGroupStop ? 'listen' : mode, event.event === 0 ? event.code : 0);
      tracer.schedulePump();
    };
    tracer.listen(started, listener);
    tracer.schedulePump();
  });
}

function startupFailure(program: string, event: NativeEvent): OutstepError {
  const how =
    event.kind === 'exited' ? `exited with code ${event.code}` : `terminated with signal ${event.code}`;
  return new OutstepError(errorCodes.LAUNCH_FAILED, `During startup program ${how}.`, { cause: program });
}

function adoptLaunched(tracer: Tracer, started: Pid, options: LaunchOptions, engine: Engine): Attachment {
  const machine = tracer.machineOf(started);
  if (machine === undefined) {
    tracer.native.kill(started);
    const path = executablePath(started) ?? options.program;
    const message = `Cannot debug ${path}: only 64-bit programs of this machine's architecture are supported`;
    throw new OutstepError(errorCodes.LAUNCH_FAILED, message);
  }
  const space = tracer.native.addSpace(started, tracer.nativeArchOf(machine));
  const created = new Process(tracer, started, 'launched', space, machine);
  tracer.addProcess(created);
  const thread = created.addThread(tid(started));
  tracer.native.adopt(started, space);
  thread.enter({ kind: 'stopped', at: 'signal-delivery' });
  return created.attachEngine(engine);
}
