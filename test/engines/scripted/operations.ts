/** The operations of the library, for tests of how they fail. */
import assert from 'node:assert/strict';
import { address, kernelSignal } from '../../../src/base/ids.js';
import { GeneralRegisters, type Process, type Thread } from '../../../src/core/index.js';
import type { ScriptedEngine } from '../../../src/engines/scripted/index.js';
import { type Bench, fixture } from './bench.js';

/** What operations are about: a thread, of a process, as an engine has them. */
export interface Traced {
  readonly engine: ScriptedEngine;
  readonly process: Process;
  readonly thread: Thread;
}

export type Operation = (traced: Traced) => unknown;

export const nowhere = address(8n);
const usr1 = kernelSignal(10);
const watched = { kind: 'write', address: address(0x10000n), lengthBytes: 8 } as const;

/** On a thread that has to be stopped for it. */
export const ofThreads: Readonly<Record<string, Operation>> = {
  pc: ({ thread }) => thread.pc,
  'set pc': ({ thread }) => {
    thread.pc = nowhere;
  },
  readRegister: ({ thread, process }) => thread.readRegister(process.registerFile.byRole('sp')),
  writeRegister: ({ thread, process }) =>
    thread.writeRegister(process.registerFile.byRole('sp'), new Uint8Array(8)),
  readRegset: ({ thread }) => thread.readRegset('general'),
  writeRegset: ({ thread }) => thread.writeRegset('general', new Uint8Array(8)),
  saveRegsets: ({ thread }) => thread.saveRegsets(),
  GeneralRegisters: ({ thread }) => new GeneralRegisters(thread).read(0),
  readSiginfo: ({ thread }) => thread.readSiginfo(),
  writeSiginfo: ({ thread }) => thread.writeSiginfo(new Uint8Array(128)),
  threadPointer: ({ thread }) => thread.threadPointer,
  evaluate: ({ thread }) => thread.evaluate(Uint8Array.of(0x27)),
  callFunction: ({ engine, thread }) => engine.callFunction(thread, nowhere),
};

export const ofProcesses: Readonly<Record<string, Operation>> = {
  insertBreakpoint: ({ engine, process }) => engine.attachmentTo(process).insertBreakpoint(nowhere),
  insertHardwarePoint: ({ engine, process }) => engine.attachmentTo(process).insertHardwarePoint(watched),
  stop: ({ engine, thread }) => engine.stop(thread),
  stopSafely: ({ engine, thread }) => engine.stopSafely(thread),
  examine: ({ engine, thread }) => engine.examine(thread, () => 0),
  quiesce: ({ engine, process }) => engine.quiesce(process),
  resume: ({ engine, thread }) => engine.resume([thread]),
  interrupt: ({ engine, thread }) => engine.interrupt([thread]),
  sendSignal: ({ engine, thread }) => engine.sendSignal(thread, usr1),
  readExact: ({ process }) => process.memory.readExact(nowhere, 8),
  write: ({ process }) => process.memory.write(nowhere, new Uint8Array(8)),
  detach: ({ engine, process }) => engine.detach(process),
};

/** A program with one thread beside the first, at its first instruction. */
export async function launched(bench: Bench, options: Parameters<Bench['engine']>[0] = {}): Promise<Traced> {
  const engine = bench.engine({ held: true, ...options });
  const process = await engine.launch(await fixture('spinner', ['1'], ['-no-pie', '-pthread']));
  const [thread] = process.threads.values();
  assert.ok(thread);
  return { engine, process, thread };
}
