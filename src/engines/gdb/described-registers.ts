/**
 * Registers as a client knows them: with the widths that they had in the thread that it was told of, whatever they are
 * in others or become later. What the client sees is cut, or filled up with zeros, to that.
 */
import type { Register, RegisterFile } from '../../../arch/module.js';
import type { AddressSpace, Process, Thread } from '../../core/index.js';
import { PerSession } from './per-session.js';
import type { GdbSession } from './session.js';

class DescribedFiles implements Disposable {
  #files = new WeakMap<AddressSpace, RegisterFile>();

  note({ addressSpace }: Process, file: RegisterFile): void {
    this.#files.set(addressSpace, file);
  }

  find({ addressSpace }: Process): RegisterFile | undefined {
    return this.#files.get(addressSpace);
  }

  [Symbol.dispose](): void {
    this.#files = new WeakMap();
  }
}

const described = new PerSession(() => new DescribedFiles());

/** What the client is told now of the registers of a process. */
export function describeRegisters(session: GdbSession, process: Process): RegisterFile {
  const file = threadToDescribe(session, process)?.fittedRegisters() ?? process.registerFile;
  described.of(session).note(process, file);
  return file;
}

/** A client takes a child for what it knows its parent as, and does not ask. */
export function inheritDescription(session: GdbSession, child: Process, parent: Process): void {
  const files = described.of(session);
  const file = files.find(parent);
  if (file !== undefined) files.note(child, file);
}

function threadToDescribe(session: GdbSession, process: Process): Thread | undefined {
  const general = session.selection.general();
  if (general?.process === process && general.isStopped) return general;
  for (const thread of process.threads.values()) if (thread.isStopped) return thread;
  return undefined;
}

/** The registers by their numbers on the wire, and how many of them `g` and `G` carry. */
export interface KnownRegisters {
  readonly file: RegisterFile;
  readonly registers: readonly Register[];
  readonly carriedCount: number;
}

export function knownRegisters(session: GdbSession, process: Process): KnownRegisters {
  const told = described.of(session).find(process);
  const file = told ?? process.registerFile;
  const isTold = process.arch.isDescribedUnasked ? told !== undefined : session.features.readsDescription;
  return isTold || session.features.kind === 'lldb'
    ? { file, registers: file.registers, carriedCount: file.bulkCount }
    : undescribed(file);
}

/** Those that clients know of anyway come first, with the numbers that they know. */
function undescribed(file: RegisterFile): KnownRegisters {
  const { undescribed: known, registers } = file;
  return { file, registers: [...known, ...registers.slice(known.length)], carriedCount: known.length };
}
