/** The auxiliary vector that the kernel gives a program: pairs of words, getauxval(3), ended by AT_NULL. */
import { type PointerBytes, pointerOf, viewOf } from './program-reader.js';

/** Types of entries, <elf.h>. */
export const auxvTypes = {
  null: 0n,
  phdr: 3n,
  phent: 4n,
  phnum: 5n,
  pageSize: 6n,
  base: 7n,
  entry: 9n,
  hardwareCapabilities2: 26n,
} as const;

/** An entry of the auxiliary vector, getauxval(3); `type` is an AT_* of <elf.h>. */
export interface AuxvEntry {
  readonly type: bigint;
  readonly value: bigint;
}

/** The entries before AT_NULL. A vector that is cut gives those that are whole. */
export function parseAuxv(bytes: Uint8Array, pointerBytes: PointerBytes): readonly AuxvEntry[] {
  const view = viewOf(bytes);
  const entries: AuxvEntry[] = [];
  for (let offset = 0; offset + 2 * pointerBytes <= bytes.length; offset += 2 * pointerBytes) {
    const type = pointerOf(view, offset, pointerBytes);
    if (type === auxvTypes.null) break;
    entries.push({ type, value: pointerOf(view, offset + pointerBytes, pointerBytes) });
  }
  return entries;
}

/** Length in bytes up to and including AT_NULL; the kernel's file may be longer (/proc/PID/auxv is a fixed array). */
export function auxvLengthBytes(bytes: Uint8Array, pointerBytes: PointerBytes): number {
  const whole = (parseAuxv(bytes, pointerBytes).length + 1) * 2 * pointerBytes;
  return Math.min(whole, bytes.length);
}

/** Value of the entry of that type. */
export function auxvValue(entries: readonly AuxvEntry[], type: bigint): bigint | undefined {
  return entries.find((entry) => entry.type === type)?.value;
}
