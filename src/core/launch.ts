/** Starts a program under the tracer: through a shell and a wrapper when asked, up to its own first instruction. */
import { architectureNames } from '../../arch/index.js';
import { errorCodes, messageOf, OutstepError } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { type Pid, pid, tid } from '../base/ids.js';
import { isNativeError } from '../native/binding.js';
import type { NativeError, NativeEvent, ResumeMode } from '../native/binding-types.js';
import { AddressSpace } from './address-space.js';
import type { Attachment } from './attachment.js';
import type { Engine } from './engine.js';
import { letChildGo } from './forked-child.js';
import type { Machine } from './machine.js';
import { executablePath } from './proc.js';
import { Process } from './process.js';
import { collectServer } from './refusal/collect.js';
import { type Obstacle, obstacleTo } from './refusal/executable.js';
import { explainLaunch, fixLine } from './refusal/explain.js';
import { isGroupStop, ptraceEvents } from './stop.js';
import type { Tracer } from './tracer.js';

/** A program that is to be started, and how. */
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
  readonly stdio?: ProgramStdio;
  /** Descriptors above 2 of the tracer that the program gets under the same numbers. */
  readonly descriptors?: readonly number[];
}

/** Where the standard descriptors of a program lead, as far as not where the tracer's do. */
export interface ProgramStdio {
  /** Path of a terminal that becomes the program's own, in a session of its own. */
  readonly terminal?: string;
  /** Files; the outputs are made, or emptied. */
  readonly input?: string;
  readonly output?: string;
  readonly error?: string;
}

const shell = '/bin/sh';
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
  const setter = variablesSetter(options.environment);
  const line = ['exec', ...[...setter, first ?? options.program, ...rest].map(shellQuoted)].join(' ');
  return { words: [shell, '-c', line], execs: 2 + wrapperExecs + (setter.length > 0 ? 1 : 0) };
}

/** A command in front of the program that sets the variables whose names a shell may drop (POSIX: it need not pass them). */
function variablesSetter(environment: LaunchOptions['environment']): readonly string[] {
  const dropped = Object.entries(environment).filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  return dropped.length === 0 ? [] : ['/usr/bin/env', ...dropped.map(([name, value]) => `${name}=${value}`)];
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
  const { stdio = {} } = options;
  try {
    const child = tracer.native.spawn({
      file: command.words[0],
      args: command.words,
      environment: Object.entries(options.environment).map(([name, value]) => `${name}=${value}`),
      workingDirectory: options.workingDirectory,
      disableRandomization: options.disableRandomization,
      redirectStdio: options.redirectStdio,
      stdio: [stdio.input ?? '', stdio.output ?? '', stdio.error ?? ''],
      terminal: stdio.terminal,
      descriptors: options.descriptors ?? [],
    });
    return pid(child);
  } catch (error) {
    if (!isNativeError(error)) throw error;
    throw refusedLaunch(tracer, options, command.words[0], error);
  }
}

function refusedLaunch(
  tracer: Tracer,
  options: LaunchOptions,
  file: string,
  error: NativeError,
): OutstepError {
  const reason = error.message.replace(/^\w+: /, '');
  const { program, workingDirectory } = options;
  const failed = (what: string, details: readonly string[]): OutstepError =>
    new OutstepError(errorCodes.LAUNCH_FAILED, `Cannot ${what}: ${reason}`, {
      cause: error,
      errno: error.errno,
      details,
    });
  switch (error.request) {
    case 'PTRACE_SEIZE': {
      const { reason: why, remedy } = explainLaunch(collectServer(tracer.native));
      return failed(`trace ${program}`, [why, ...fixLine(remedy)]);
    }
    case 'open':
    case 'TIOCSCTTY':
      return failed(`open the files of ${program}`, []);
    case 'chdir':
      return failed(`run ${program} in ${workingDirectory}`, []);
    case 'execve':
      return failed(`exec ${program}`, linesOfObstacle(obstacleOf(options, file)));
    default:
      return failed(`run ${program}`, []);
  }
}

/** What stands against executing a file in the place and the environment of the program. */
function obstacleOf(options: LaunchOptions, file: string): Obstacle | undefined {
  const { workingDirectory, environment, startWithShell } = options;
  // Without a shell execvpe(3) searches, which looks into our own environment.
  const { PATH = '' } = startWithShell ? environment : hostProcess.env;
  return obstacleTo({
    program: file,
    folder: workingDirectory ?? hostProcess.cwd(),
    searchPath: PATH,
  });
}

function linesOfObstacle(found: Obstacle | undefined): readonly string[] {
  return found === undefined ? [] : [found.reason, ...fixLine(found.remedy)];
}

function untilExec(tracer: Tracer, started: Pid, options: LaunchOptions, execs: number): Promise<void> {
  let remaining = execs;
  tracer.starting.add(started);
  return new Promise<void>((resolve, reject) => {
    const end = (): void => {
      tracer.starting.delete(started);
      tracer.unlisten(started);
    };
    tracer.listen(started, (event) => {
      if (event.kind !== 'stopped') {
        end();
        reject(startupFailure(options, event));
        return;
      }
      if (remaining === 0 && event.event === 0 && event.code === sigtrap) {
        end();
        resolve();
        return;
      }
      if (event.event === ptraceEvents.exec) {
        remaining -= 1;
        forgetFormer(tracer, started, event.message);
      }
      letWrappersChildRun(tracer, event);
      // The exec stop is inside the system call: one step leads out of it, to the program's first instruction.
      letRun(tracer, event, remaining === 0 ? 'step' : 'continue');
    });
    tracer.schedulePump();
  });
}

function letRun(tracer: Tracer, event: NativeEvent, mode: ResumeMode): void {
  tracer.native.resume(event.tid, isGroupStop(event) ? 'listen' : mode, event.event === 0 ? event.code : 0);
  tracer.schedulePump();
}

/** A shell's or wrapper's own children are none of ours; its threads may be the ones that execute the program. */
function letWrappersChildRun(tracer: Tracer, event: NativeEvent): void {
  const { clone, fork, vfork } = ptraceEvents;
  if (event.event === fork || event.event === vfork) letChildGo(tracer, pid(event.message));
  if (event.event !== clone) return;
  const child = tid(event.message);
  tracer.native.adopt(child, 0);
  tracer.listen(child, (news) => {
    if (news.kind !== 'stopped') {
      tracer.unlisten(child);
      return;
    }
    letWrappersChildRun(tracer, news);
    letRun(tracer, news, 'continue');
  });
  tracer.deliverEarly(child);
}

/** The thread that executed a program bears the leader's tid now. */
function forgetFormer(tracer: Tracer, started: Pid, former: number): void {
  if (former === started) return;
  tracer.native.forget(former);
  tracer.unlisten(former);
}

/** What shells exit with when they cannot execute a command, or do not find it (POSIX, "Exit Status for Commands"). */
const shellFailures: ReadonlySet<number> = new Set([126, 127]);

function startupFailure(options: LaunchOptions, event: NativeEvent): OutstepError {
  const how =
    event.kind === 'exited' ? `exited with code ${event.code}` : `terminated with signal ${event.code}`;
  const { program, wrapper = [] } = options;
  const isShells = options.startWithShell && event.kind === 'exited' && shellFailures.has(event.code);
  const obstacle = isShells ? obstacleOf(options, wrapper[0] ?? program) : undefined;
  return new OutstepError(errorCodes.LAUNCH_FAILED, `During startup program ${how}.`, {
    cause: program,
    details: linesOfObstacle(obstacle),
    isSaid: obstacle?.isAbsence === true,
  });
}

function adoptLaunched(tracer: Tracer, started: Pid, options: LaunchOptions, engine: Engine): Attachment {
  const machine = tracer.machineOf(started);
  if (machine === undefined) {
    const path = executablePath(started) ?? options.program;
    killStarted(tracer, started);
    const message = `Cannot debug ${path}: only programs of these architectures are supported: ${architectureNames(tracer.machineFacts.machine)}`;
    throw new OutstepError(errorCodes.LAUNCH_FAILED, message);
  }
  const space = spaceOf(tracer, started, machine);
  const created = new Process(tracer, started, 'launched', space, new AddressSpace(tracer, machine));
  tracer.addProcess(created);
  const thread = created.addThread(tid(started));
  tracer.native.adopt(started, space);
  thread.enter({ kind: 'stopped', at: 'signal-delivery' });
  return created.attachEngine(engine);
}

function spaceOf(tracer: Tracer, started: Pid, machine: Machine): number {
  try {
    return tracer.native.addSpace(started, tracer.nativeArchOf(machine));
  } catch (error) {
    killStarted(tracer, started);
    const message = `Cannot debug ${started}: ${messageOf(error)}`;
    throw new OutstepError(errorCodes.LAUNCH_FAILED, message, { cause: error });
  }
}

/** Its end is waited for in the background. */
function killStarted(tracer: Tracer, started: Pid): void {
  tracer.listen(started, (event) => {
    if (event.kind !== 'stopped') tracer.unlisten(started);
  });
  tracer.native.kill(started);
  tracer.schedulePump();
}
