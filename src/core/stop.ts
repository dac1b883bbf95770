/** Reads what the kernel said of a stop, once, into events; ptrace(2) "Stopped states". */
import { pointsHit } from '../../arch/hardware-points.js';
import { type Address, address, type KernelSignal, kernelSignal } from '../base/ids.js';
import type { NativeEvent } from '../native/binding-types.js';
import type { HitOwners, ThreadEvent } from './event.js';
import type { StopKind, Thread } from './thread.js';

/** PTRACE_EVENT_*, <linux/ptrace.h>. */
export const ptraceEvents = { fork: 1, vfork: 2, clone: 3, exec: 4, vforkDone: 5 } as const;

const sigtrap = 5;
/** PTRACE_EVENT_STOP, <linux/ptrace.h>. */
const eventStop = 128;
/** si_code of the stop that ends a step into a signal handler: no signal can be injected there. */
const handlerEntryCode = 5;
/** TRAP_HWBKPT, <asm-generic/siginfo.h>: a trap of the debug registers. */
const hardwareCode = 4;

/** What the kernel says of a thread that it has stopped for an interrupt, or at its birth. */
export function eventStopOf(id: number): NativeEvent {
  return {
    tid: id,
    kind: 'stopped',
    code: sigtrap,
    event: eventStop,
    message: 0,
    signalCode: 0,
    senderPid: 0,
    pc: 0n,
    atSite: false,
    stepped: false,
    refused: false,
    inLongRange: false,
    inSequence: false,
    debugStatus: 0n,
    told: false,
  };
}

export function isGroupStop(event: NativeEvent): boolean {
  return event.event === eventStop && event.code !== sigtrap;
}

/** PTRACE_O_TRACESYSGOOD. */
export function isCallStop(event: NativeEvent): boolean {
  return event.event === 0 && event.code === (sigtrap | 0x80);
}

/** What a thread gets that goes on without anybody being told: a signal of the program's, no stop of ours. */
export function signalBehind(event: NativeEvent): number {
  const isOurs = event.atSite || event.stepped || event.refused || event.debugStatus !== 0n;
  return event.event !== 0 || isCallStop(event) || isOurs ? 0 : event.code;
}

export function kindOfStop(event: NativeEvent): StopKind {
  if (isCallStop(event)) return event.callEnd === 'entry' ? 'system-call' : 'event';
  if (isGroupStop(event)) return 'group-stop';
  if (event.event !== 0) return event.event === eventStop ? 'event' : 'system-call';
  return event.code === sigtrap && event.signalCode === handlerEntryCode ? 'event' : 'signal-delivery';
}

/** Reads a PTRACE_EVENT_STOP, after which the thread is no longer new. */
export function readEventStop(thread: Thread, event: NativeEvent): ThreadEvent[] {
  const events: ThreadEvent[] = [];
  if (thread.isNew) events.push({ kind: 'thread-start', thread });
  if (isGroupStop(event)) events.push({ kind: 'group-stop', thread, signal: kernelSignal(event.code) });
  if (event.stepped) events.push({ kind: 'step-done', thread });
  thread.isNew = false;
  return events;
}

export interface SignalStop {
  /** What it means, the most telling first; empty when nobody is to hear of it. */
  readonly events: readonly ThreadEvent[];
  /** The signal that the program gets when the thread goes on. */
  readonly pendingSignal: KernelSignal | undefined;
}

/** Reads a stop at a system call, which may end a step as well. */
export function readCallStop(thread: Thread, event: NativeEvent): readonly ThreadEvent[] {
  const number = event.callNumber ?? -1;
  const events: ThreadEvent[] = [];
  if (event.callEnd !== undefined) events.push({ kind: `system-call-${event.callEnd}`, thread, number });
  if (event.atSite) events.push({ kind: 'breakpoint', thread, address: address(event.pc) });
  if (event.stepped) events.push({ kind: 'step-done', thread });
  return events;
}

/** Reads a signal-delivery stop. `ownPid` is the sender of signals that this core sent itself. */
export function readSignalStop(thread: Thread, event: NativeEvent, ownPid: number): SignalStop {
  const signal = kernelSignal(event.code);
  if (event.senderPid === ownPid && thread.takeInjected(event.code) !== undefined)
    return { events: [], pendingSignal: signal };
  if (event.code === sigtrap) return readTrap(thread, event);
  return { events: [{ kind: 'signal', thread, signal }], pendingSignal: signal };
}

function readTrap(thread: Thread, event: NativeEvent): SignalStop {
  const none = { pendingSignal: undefined };
  const events = readHits(thread, event);
  if (event.atSite) events.push(breakpointHit(thread, address(event.pc)));
  if (event.stepped) events.push({ kind: 'step-done', thread });
  // Without one that was hit it was taken out while the thread ran.
  if (events.length > 0 || event.signalCode === hardwareCode) return { events, ...none };
  const signal = kernelSignal(sigtrap);
  const { trapCodes, breakpoint } = thread.process.arch;
  if (event.signalCode === trapCodes.breakpoint) {
    const at = address(event.pc - BigInt(breakpoint.pcOffset));
    return { events: [{ kind: 'program-trap', thread, address: at }], pendingSignal: signal };
  }
  return { events: [{ kind: 'signal', thread, signal }], pendingSignal: signal };
}

/** The hit of the site that the thread has reached. */
export function breakpointHit(thread: Thread, at: Address): ThreadEvent {
  return { kind: 'breakpoint', thread, address: at, ...hitOwners(thread) };
}

function hitOwners(thread: Thread): { readonly owners?: HitOwners } {
  const owners = thread.hitOwners();
  return owners === undefined ? {} : { owners };
}

function readHits(thread: Thread, event: NativeEvent): ThreadEvent[] {
  if (event.debugStatus === 0n) return [];
  // Clients compare addresses with ranges: the narrowest point's address lies in the wider ones' ranges as well.
  const points = pointsHit(thread.debugImage, event.debugStatus).toSorted(
    (a, b) => a.lengthBytes - b.lengthBytes,
  );
  return points.map((point): ThreadEvent => {
    const at: Address = address(point.address);
    return point.kind === 'execute'
      ? { kind: 'hardware-breakpoint', thread, address: at, ...hitOwners(thread) }
      : { kind: 'watchpoint', thread, point, address: at };
  });
}
