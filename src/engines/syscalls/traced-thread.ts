/** What the engine knows of one thread: the call that it is in, and what to make of its registers and memory. */
import type { SystemCallAbi, SystemCallTable } from '../../../arch/system-call-table.js';
import { numberOf } from '../../base/byte-order.js';
import { address, type Tid } from '../../base/ids.js';
import type { LoggedMemory, Process, Thread } from '../../core/index.js';
import type { CallFacts, DecodeOptions, Signature } from './decode/call-facts.js';
import { joinWide } from './decode/call-facts.js';
import type { CallText } from './decode/call-text.js';
import { MemoryView } from './decode/memory-view.js';
import { type Injection, InjectionCounts } from './injection.js';
import { loggedView } from './logged-calls.js';
import type { CallRecord } from './record.js';

export interface PendingCall {
  readonly record: CallRecord;
  readonly text: CallText;
  readonly signature: Signature | undefined;
  readonly injections: readonly Injection[];
  readonly stack: readonly string[] | undefined;
  readonly isShown: boolean;
}

export const noMemory: readonly LoggedMemory[] = [];

/** A thread at the beginning of a call. */
export interface EntryStop {
  readonly thread: Thread;
  readonly number: number;
  readonly arguments: readonly bigint[];
  readonly timeMs: number;
  /** undefined: it is read when it is asked for. */
  readonly stackPointer: bigint | undefined;
  /** What was read of the program; what was not is read when it is asked for. */
  readonly memory: readonly LoggedMemory[];
}

/** A thread at the end of one. */
export type ReturnStop = Pick<EntryStop, 'thread' | 'timeMs' | 'memory'>;

/** How a call that may be made again has come back. */
export interface BrokenCall {
  /** Negative. */
  readonly result: bigint;
  readonly memory: readonly LoggedMemory[];
}

export class TracedThread {
  readonly tid: Tid;
  process: Process;
  call: PendingCall | undefined;
  /** The kernel's word for a call that it makes again: whether for a signal is still to be seen. */
  broken: BrokenCall | undefined;
  /** The call that a signal has broken off and that restart_syscall(2) takes up again. */
  brokenOff: string | undefined;
  readonly counts = new InjectionCounts();

  constructor(tid: Tid, process: Process) {
    this.tid = tid;
    this.process = process;
  }

  /** A stop for some other tracer's sake has broken the call off, and the kernel makes it again: nothing has happened. */
  isSameCall(name: string, number: number, registers: readonly bigint[]): boolean {
    if (this.broken === undefined || this.call === undefined) return false;
    const { record } = this.call;
    const isSame =
      record.number === number && registers.every((value, index) => value === record.registers[index]);
    if (!isSame && name !== 'restart_syscall') return false;
    this.broken = undefined;
    return true;
  }
}

export interface CallAtHand {
  readonly registers: readonly bigint[];
  readonly signature: Signature | undefined;
  readonly result: bigint | undefined;
  readonly text: CallText | undefined;
  /** undefined: it is read when it is asked for. */
  readonly stackPointer: bigint | undefined;
  /** What was read of the program; what was not is read when it is asked for. */
  readonly logged: readonly LoggedMemory[];
}

/** The facts that decoders need, of a stopped thread. */
export class ThreadFacts implements CallFacts {
  readonly abi: SystemCallAbi;
  readonly args: readonly bigint[];
  readonly result: bigint | undefined;
  readonly memory: MemoryView;
  readonly options: DecodeOptions;
  readonly #thread: Thread;
  readonly #text: CallText | undefined;
  readonly #stackPointer: bigint | undefined;

  constructor(thread: Thread, { abi }: SystemCallTable, call: CallAtHand, { memory, options }: ProcessFacts) {
    const { registers, signature, result, text, stackPointer, logged } = call;
    this.abi = abi;
    this.args = signature === undefined ? registers : joinWide(signature, abi, registers);
    this.result = result;
    this.memory = loggedView(logged, memory);
    this.options = options;
    this.#thread = thread;
    this.#text = text;
    this.#stackPointer = stackPointer;
  }

  get notes(): ReadonlyMap<number, string> {
    return this.#text?.notes ?? noNotes;
  }

  get stackPointer(): bigint {
    if (this.#stackPointer !== undefined) return this.#stackPointer;
    const bytes = this.#thread.readRegister(this.#thread.process.registerFile.byRole('sp'));
    return bytes === undefined ? 0n : numberOf(bytes);
  }
}

/** What is the same for all calls of a process. */
export interface ProcessFacts {
  readonly memory: MemoryView;
  readonly options: DecodeOptions;
  /** The file that a descriptor stands for. */
  readonly describe: (descriptor: number) => string | undefined;
}

/** Memory is that of the program which the process runs at the time. */
export function memoryOf(process: Process): MemoryView {
  return new MemoryView((at, lengthBytes) => process.memory.read(address(at), lengthBytes));
}

const noNotes: ReadonlyMap<number, string> = new Map();
