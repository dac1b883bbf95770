/** Attaches to a running process: every thread, found until no new one turns up. */
import { constants } from 'node:os';
import { architectureNames } from '../../arch/index.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { type Pid, tid } from '../base/ids.js';
import { isNativeError, nativeBinding } from '../native/binding.js';
import { AddressSpace } from './address-space.js';
import type { Attachment } from './attachment.js';
import type { Engine } from './engine.js';
import { commandName, executablePath, statusField } from './proc.js';
import { Process } from './process.js';
import { collectServer, collectTarget, explainAttach, fixLine } from './refusal/index.js';
import type { Tracer } from './tracer.js';

/**
 * Without the kernel's count. Two looks in a row may miss the same thread only if threads end during both; with all known
 * ones held few can.
 */
const neededQuietLooks = 3;

export async function attachProcess(tracer: Tracer, target: Pid, engine: Engine): Promise<Attachment> {
  const present = tracer.tracedProcess(target);
  const attachment = (present ?? seizeProcess(tracer, target)).attachEngine(engine);
  if (present !== undefined) {
    await attachment.quiesce();
  } else {
    try {
      await takeEveryThread(tracer, attachment);
      await meetSignals(attachment);
    } catch (error) {
      await attachment.detach();
      throw refusedBy(tracer, error, target, commandName(target) ?? 'unknown');
    }
  }
  if (!attachment.process.isAlive) throw noSuchProcess(tracer, target);
  return attachment;
}

/**
 * Threads born before their parent was seized are nobody's children: they must be found. The kernel's list leaves out
 * threads when others end while it is read: all are known when there are no more by its own count, or several looks have
 * found nothing new.
 */
async function takeEveryThread({ native }: Tracer, attachment: Attachment): Promise<void> {
  const { process } = attachment;
  const ended = new Set<number>();
  for (let quietLooks = 0; quietLooks < neededQuietLooks && process.isAlive; quietLooks++) {
    const endedBefore = ended.size;
    const seizure = native.seizeThreads(process.space);
    process.addSeized(seizure.seized);
    if (seizure.refusal !== undefined) throw seizure.refusal;
    for (const id of seizure.ended) ended.add(id);
    // One that has just ended may have made another one before.
    if (seizure.seized.length > 0 || ended.size > endedBefore) quietLooks = -1;
    await attachment.quiesce();
    // All of them held: there will be no others.
    if (native.knowsEveryThread(process.space)) return;
  }
}

function seizeProcess(tracer: Tracer, target: Pid): Process {
  const name = commandName(target);
  if (name === undefined) throw noSuchProcess(tracer, target);
  // The kernel would take it, but without the other threads.
  if (statusField(target, 'Tgid') !== String(target)) throw notPermitted(tracer, target, name);
  if (nativeBinding().isEventLoopChild(target)) throw waitedFor(target, name);
  const machine = tracer.machineOf(target);
  if (machine === undefined) throw unreadable(tracer, target, name);
  let space: number | undefined;
  try {
    space = tracer.native.addSpace(target, tracer.nativeArchOf(machine));
    const created = new Process(tracer, target, 'attached', space, new AddressSpace(tracer, machine));
    if (!seizeFirst(tracer, created)) throw noSuchProcess(tracer, target);
    tracer.addProcess(created);
    return created;
  } catch (error) {
    if (space !== undefined) tracer.native.removeSpace(space);
    throw refusedBy(tracer, error, target, name);
  }
}

/** What a failure of native code means for whoever wanted to attach; other errors stay what they are. */
function refusedBy(tracer: Tracer, error: unknown, target: Pid, name: string): unknown {
  if (!isNativeError(error)) return error;
  const { errno } = error;
  const tid = error.request === 'PTRACE_SEIZE' ? error.tid : target;
  return refused(tracer, target, name, { tid, text: error.message.replace(/^[^:]*: /, ''), errno });
}

function seizeFirst(tracer: Tracer, target: Process): boolean {
  const leader = tid(target.pid);
  if (!tracer.native.seize(leader, target.space, false)) return false;
  target.addThread(leader);
  return true;
}

/**
 * An interrupt overtakes a signal that was about to be delivered. It is part of what whoever attaches finds: the threads
 * that have one go on to it.
 */
async function meetSignals(attachment: Attachment): Promise<void> {
  const { process } = attachment;
  const { native } = process;
  const waiting = [...native.awaitingSignal(process.space)].flatMap((id) => {
    const thread = process.threads.get(tid(id));
    return thread?.state.kind === 'stopped' && thread.state.at === 'event' ? [thread] : [];
  });
  if (waiting.length === 0) return;
  native.setPassSignals(process.space, 0n);
  for (const thread of waiting) {
    if (native.resume(thread.tid, 'continue', 0) === 'refused') continue;
    thread.enter({ kind: 'running' });
    // It stops by itself; an interrupt would be first again.
    thread.isInterrupted = true;
  }
  await attachment.quiesce();
  process.passSignalsChanged();
}

/** Errors behind which there may be a cause that /proc tells of. */
const explainedErrors: ReadonlySet<number | undefined> = new Set([
  constants.errno.EPERM,
  constants.errno.EACCES,
  constants.errno.ENOSYS,
  constants.errno.EIO,
]);

function notPermitted(tracer: Tracer, target: Pid, name: string): OutstepError {
  const { EPERM } = constants.errno;
  return refused(tracer, target, name, { tid: target, text: 'Operation not permitted', errno: EPERM });
}

function unreadable(tracer: Tracer, target: Pid, name: string): OutstepError {
  if (executablePath(target) === undefined) return notPermitted(tracer, target, name);
  const known = architectureNames(tracer.machineFacts.machine);
  return cannotAttach(target, name, `only programs of these architectures are supported: ${known}`);
}

/** At each SIGCHLD libuv asks waitpid(2) for each child of its own, which takes the stops that the tracer is to hear of. */
function waitedFor(target: Pid, name: string): OutstepError {
  return cannotAttach(
    target,
    name,
    'it was started with child_process by this very program, where Node waits for it and takes its stops',
    undefined,
    ['Launch it through the tracer, or let a process in between start it'],
  );
}

function noSuchProcess(tracer: Tracer, target: Pid): OutstepError {
  const { cause, reason, remedy } = explainAttach(collectServer(tracer.native), collectTarget(target));
  const isKnown = cause === 'hidden' || (cause === 'no-process' && remedy !== undefined);
  const details = isKnown ? [reason, ...fixLine(remedy)] : [];
  const message = `Cannot attach to process ${target}: No such process`;
  return new OutstepError(errorCodes.NO_SUCH_PROCESS, message, { details });
}

/** What the kernel refused, and to which task: one of the threads may be refused for a reason of its own. */
interface Refusal {
  readonly tid: number;
  readonly text: string;
  readonly errno: number;
}

function refused(tracer: Tracer, target: Pid, name: string, { tid, text, errno }: Refusal): OutstepError {
  if (!explainedErrors.has(errno)) return cannotAttach(target, name, text, errno);
  const { reason, remedy } = explainAttach(collectServer(tracer.native), collectTarget(target, tid));
  return cannotAttach(target, name, `${text}: ${reason}`, errno, fixLine(remedy));
}

function cannotAttach(
  target: Pid,
  name: string,
  reason: string,
  errno?: number,
  details: readonly string[] = [],
): OutstepError {
  const message = `Cannot attach to process ${target} (${name}): ${reason}`;
  return new OutstepError(errorCodes.ATTACH_REFUSED, message, { errno, details });
}
