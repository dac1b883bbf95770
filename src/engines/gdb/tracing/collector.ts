/** Carries out the actions of a tracepoint in a stopped thread. */
import { address } from '../../../base/ids.js';
import type { Thread } from '../../../core/index.js';
import type { TraceBuffer } from './trace-buffer.js';
import type { TraceVariables } from './trace-variables.js';
import { type TraceBlock, Traceframe } from './traceframe.js';
import type { DefinedAction, TraceAction } from './tracepoint.js';

export interface Collection {
  readonly frame: Traceframe;
  /** Why an expression could not be evaluated; what was collected before is in the frame. */
  readonly error: string | undefined;
}

/** What became of an agent expression. */
export interface Evaluation {
  /** Undefined: it left none. */
  readonly value: bigint | undefined;
  /** Why it failed, after it had recorded what it had. */
  readonly error: string | undefined;
}

export class Collector {
  readonly #variables: TraceVariables;
  readonly #buffer: TraceBuffer;

  constructor(variables: TraceVariables, buffer: TraceBuffer) {
    this.#variables = variables;
    this.#buffer = buffer;
  }

  collect(thread: Thread, tracepoint: number, actions: readonly DefinedAction[]): Collection {
    const blocks: TraceBlock[] = [];
    let error: string | undefined;
    for (const { action } of actions) error ??= this.#perform(thread, action, blocks);
    return { frame: new Traceframe(tracepoint, thread.pc, blocks), error };
  }

  /** Trace state variables are changed by it; what it records is added to `blocks`. */
  evaluate(thread: Thread, program: Uint8Array, blocks: TraceBlock[] = []): Evaluation {
    this.#variables.beforeEvaluation();
    const { value, recorded, error } = thread.evaluate(program);
    for (const subject of recorded) {
      if (subject.kind === 'memory') {
        this.#addMemory(thread, subject.address, subject.lengthBytes, blocks);
      } else {
        const { number } = subject;
        blocks.push({ kind: 'variable', number, value: this.#variables.value(number) ?? 0n });
      }
    }
    return { value, error };
  }

  /** @returns what went wrong; undefined: nothing */
  #perform(thread: Thread, action: TraceAction, blocks: TraceBlock[]): string | undefined {
    switch (action.kind) {
      case 'registers':
        blocks.push({ kind: 'registers', bytes: allRegisters(thread) });
        return undefined;
      case 'memory':
        this.#addMemory(thread, baseOf(thread, action.base) + action.offset, action.lengthBytes, blocks);
        return undefined;
      case 'static-data':
        return undefined;
      case 'expression':
        return this.evaluate(thread, action.program, blocks).error;
    }
  }

  /** As much of the range as there is, and as the whole buffer could hold: a longer frame finds no room there. */
  #addMemory(thread: Thread, start: bigint, lengthBytes: number, blocks: TraceBlock[]): void {
    const at = address(start);
    const room = blocks.reduce(
      (left, block) => left - (block.kind === 'memory' ? block.bytes.length : 0),
      this.#buffer.sizeBytes,
    );
    const bytes = thread.process.memory.read(at, Math.min(lengthBytes, room));
    if (bytes.length > 0) blocks.push({ kind: 'memory', address: at, bytes });
  }
}

/** Zero where a value is not available. */
function allRegisters(thread: Thread): Uint8Array {
  const { registers: all, bulkCount } = thread.process.registerFile;
  const registers = all.slice(0, bulkCount);
  const bytes = new Uint8Array(registers.reduce((sum, register) => sum + register.bits / 8, 0));
  let at = 0;
  for (const register of registers) {
    const value = thread.readRegister(register);
    if (value !== undefined) bytes.set(value, at);
    at += register.bits / 8;
  }
  return bytes;
}

function baseOf(thread: Thread, number: number | undefined): bigint {
  if (number === undefined) return 0n;
  const register = thread.process.registerFile.registers[number];
  const value = register && thread.readRegister(register);
  return (value ?? new Uint8Array(0)).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
