/** What LLDB is told of stopped threads: as keys of a stop reply, and as the list `jThreadsInfo`. */
import { type LldbStop, type LldbThread, lldbStopExtras, type SignalStop } from 'gdb-js-rsp-parser';
import { numberOf } from '../../../base/byte-order.js';
import type { Process, Thread } from '../../../core/index.js';
import type { Stop } from '../pending-stops.js';
import { kernelNumbers } from '../signal-numbers.js';
import type { ToldStops } from '../told-stops.js';
import { type MemoryPiece, stackMemories } from './stack-memory.js';
import { stopFacts } from './stop-facts.js';

interface RegisterValue {
  readonly number: number;
  readonly value: Uint8Array;
}

function generalRegisters(thread: Thread): readonly RegisterValue[] {
  const { general, registers } = thread.process.registerFile;
  return general.flatMap((number) => {
    const register = registers[number];
    const value = register && thread.lastRegister(register);
    return value === undefined ? [] : [{ number, value }];
  });
}

/** 0n: it does not stand still, in a sleep that nothing interrupts. */
function pcOf(thread: Thread): bigint {
  if (!thread.isStopped) return 0n;
  return numberOf(thread.lastRegister(thread.process.registerFile.byRole('pc')) ?? new Uint8Array());
}

function reasonMembers(stop: Stop | undefined): Partial<LldbThread> {
  const { signal, reason, description } = stopFacts(stop);
  return {
    ...(signal === 0 ? {} : { signal }),
    ...(reason === undefined ? {} : { reason }),
    ...(description === undefined ? {} : { description }),
  };
}

/** Everything of a process's threads that a debugger asks for at a stop. */
export function describeThreads(
  process: Process,
  threads: readonly Thread[],
  told: ToldStops,
): readonly LldbThread[] {
  const stopped = threads.filter((thread) => thread.isStopped);
  const memories = stackMemories(process, stopped);
  const memoryOf = new Map(stopped.map((thread, index) => [thread, memories[index]]));
  return threads.map((thread) => describeThread(thread, told, memoryOf.get(thread)));
}

/** `memory`: undefined for one that does not stand still. */
function describeThread(
  thread: Thread,
  told: ToldStops,
  memory: readonly MemoryPiece[] | undefined,
): LldbThread {
  const stop = told.of(thread);
  const name = thread.name();
  return {
    tid: thread.tid,
    ...(name === '' ? {} : { name }),
    ...reasonMembers(stop),
    ...(memory === undefined ? {} : { registers: generalRegisters(thread), memory }),
  };
}

/** What the stop reply for `thread` says besides the reasons that GDB knows as well. */
export function stopReplyMembers(
  thread: Thread,
  threads: readonly Thread[] | undefined,
  told: ToldStops,
): Pick<SignalStop, 'signal' | 'registers' | 'extras'> {
  const { signal, reason, description } = stopFacts(told.of(thread));
  const name = thread.name();
  const [memory] = stackMemories(thread.process, [thread]);
  const stop: LldbStop = {
    ...(name === '' ? {} : { name }),
    ...(threads === undefined ? {} : listOf(threads, told)),
    ...(reason === undefined ? {} : { reason }),
    ...(description === undefined ? {} : { description }),
    ...(memory === undefined ? {} : { memory }),
  };
  return {
    signal: kernelNumbers.toWire(signal),
    registers: generalRegisters(thread),
    extras: lldbStopExtras(stop),
  };
}

/** With one thread the stop reply itself says why it stopped. */
function listOf(threads: readonly Thread[], told: ToldStops): Partial<LldbStop> {
  const list = { threads: threads.map(({ tid }) => tid), threadPcs: threads.map(pcOf) };
  if (threads.length < 2) return list;
  const stopInfo = threads
    .map((thread): LldbThread => ({ tid: thread.tid, ...reasonMembers(told.of(thread)) }))
    .filter(({ reason }) => reason !== undefined);
  return { ...list, stopInfo };
}
