/** The memory of a process as it is, with the traps that debuggers hide. */
import { closeSync, openSync, readSync } from 'node:fs';
import { thisModule } from './machine-registers.js';

/** The breakpoint instruction of this machine's 64-bit programs. */
export const trap = thisModule.breakpoint.bytes;

export function bytesAt(pid: number, address: bigint, count = trap.length): Uint8Array {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const bytes = new Uint8Array(count);
  readSync(memory, bytes, 0, count, address);
  closeSync(memory);
  return bytes;
}
