/** The memory of a process as it is, with the traps that debuggers hide. */
import { closeSync, openSync, readSync } from 'node:fs';

/** int3 */
export const trap = 0xcc;

export function byteAt(pid: number, address: bigint): number | undefined {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const byte = new Uint8Array(1);
  readSync(memory, byte, 0, 1, address);
  closeSync(memory);
  return byte[0];
}
