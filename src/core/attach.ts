/** Attaches to a running process: every thread, found until no new one turns up. */
import { readFileSync } from 'node:fs';
import { architectureNames } from '../../arch/index.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { type Pid, tid } from '../base/ids.js';
import { isNativeError } from '../native/binding.js';
import { AddressSpace } from './address-space.js';
import type { Attachment } from './attachment.js';
import type { Engine } from './engine.js';
import { commandName, executablePath, statusField } from './proc.js';
import { Process } from './process.js';
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
      throw refusedBy(error, target, commandName(target) ?? 'unknown');
    }
  }
  if (!attachment.process.isAlive) throw noSuchProcess(target);
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
  if (name === undefined) throw noSuchProcess(target);
  const machine = tracer.machineOf(target);
  if (machine === undefined) throw refused(target, name, unreadableReason(tracer, target));
  let space: number | undefined;
  try {
    space = tracer.native.addSpace(target, tracer.nativeArchOf(machine));
    const created = new Process(tracer, target, 'attached', space, new AddressSpace(tracer, machine));
    if (!seizeFirst(tracer, created)) throw noSuchProcess(target);
    tracer.addProcess(created);
    return created;
  } catch (error) {
    if (space !== undefined) tracer.native.removeSpace(space);
    throw refusedBy(error, target, name);
  }
}

/** What a failure of native code means for whoever wanted to attach; other errors stay what they are. */
function refusedBy(error: unknown, target: Pid, name: string): unknown {
  if (!isNativeError(error)) return error;
  // One of its threads may be refused for a reason of its own.
  const whom = error.request === 'PTRACE_SEIZE' ? error.tid : target;
  return refused(target, name, `${errorText(error.message)}: ${whyRefused(whom)}`, error.errno);
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

/** Until it is gone a process that has ended is listed. */
function isEnding(state: string | undefined): boolean {
  return state === undefined || state === 'Z' || state === 'X';
}

function errorText(message: string): string {
  return message.replace(/^[^:]*: /, '');
}

/** What the user can do something about, in the order of likelihood. */
function whyRefused(target: number): string {
  const holder = Number(statusField(target, 'TracerPid') ?? 0);
  if (holder !== 0) return `already traced by ${holder} (${commandName(holder) ?? 'unknown'})`;
  if (isEnding(statusField(target, 'State')?.[0]))
    return 'its main thread has ended already (it is a zombie)';
  const owner = statusField(target, 'Uid')?.split(/\s+/)[0];
  const own = readOwnUid();
  if (owner !== undefined && own !== '0' && owner !== own) {
    return `it belongs to user ${owner}; run as that user or as root (CAP_SYS_PTRACE)`;
  }
  const scope = yamaScope();
  if (scope === '3') return 'kernel.yama.ptrace_scope is 3: no process may attach until the next boot';
  if (scope === '2') return 'kernel.yama.ptrace_scope is 2: only root (CAP_SYS_PTRACE) may attach';
  if (scope === '1')
    return 'kernel.yama.ptrace_scope is 1: only children may be traced; run as root or set it to 0';
  return 'the capability CAP_SYS_PTRACE is missing (in a container: --cap-add=SYS_PTRACE), or it is a kernel thread';
}

function readOwnUid(): string | undefined {
  return readFileSync('/proc/self/status', 'latin1').match(/^Uid:\s*(\d+)/m)?.[1];
}

function yamaScope(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'latin1').trim();
  } catch {
    return undefined;
  }
}

function unreadableReason(tracer: Tracer, target: Pid): string {
  if (executablePath(target) === undefined) return `Operation not permitted: ${whyRefused(target)}`;
  return `only programs of these architectures are supported: ${architectureNames(tracer.machineFacts.machine)}`;
}

function noSuchProcess(target: Pid): OutstepError {
  return new OutstepError(errorCodes.NO_SUCH_PROCESS, `Cannot attach to process ${target}: No such process`);
}

function refused(target: Pid, name: string, reason: string, errno?: number): OutstepError {
  const message = `Cannot attach to process ${target} (${name}): ${reason}`;
  return new OutstepError(errorCodes.ATTACH_REFUSED, message, errno === undefined ? {} : { errno });
}
