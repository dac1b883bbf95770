/** The auxiliary vector of a program (getauxval(3), <elf.h>). */
import { type ByteOrder, bigintOf } from './registers/register-value.js';

/** A pair of the vector that the kernel gives to a new program. */
export interface AuxiliaryEntry {
  readonly type: number;
  /** `AT_ENTRY` without the `AT_`; undefined for types that are not known here. */
  readonly name: string | undefined;
  readonly value: bigint;
}

/** Of Linux. */
const names: ReadonlyMap<number, string> = new Map([
  [2, 'EXECFD'],
  [3, 'PHDR'],
  [4, 'PHENT'],
  [5, 'PHNUM'],
  [6, 'PAGESZ'],
  [7, 'BASE'],
  [8, 'FLAGS'],
  [9, 'ENTRY'],
  [10, 'NOTELF'],
  [11, 'UID'],
  [12, 'EUID'],
  [13, 'GID'],
  [14, 'EGID'],
  [15, 'PLATFORM'],
  [16, 'HWCAP'],
  [17, 'CLKTCK'],
  [23, 'SECURE'],
  [24, 'BASE_PLATFORM'],
  [25, 'RANDOM'],
  [26, 'HWCAP2'],
  [27, 'RSEQ_FEATURE_SIZE'],
  [28, 'RSEQ_ALIGN'],
  [31, 'EXECFN'],
  [32, 'SYSINFO'],
  [33, 'SYSINFO_EHDR'],
  [51, 'MINSIGSTKSZ'],
]);

/** Up to AT_NULL. */
export function parseAuxiliaryVector(
  bytes: Uint8Array,
  pointerBytes: number,
  order: ByteOrder,
): AuxiliaryEntry[] {
  const entries: AuxiliaryEntry[] = [];
  for (let at = 0; at + 2 * pointerBytes <= bytes.length; at += 2 * pointerBytes) {
    const type = Number(bigintOf(bytes.subarray(at, at + pointerBytes), order));
    if (type === 0) break;
    const value = bigintOf(bytes.subarray(at + pointerBytes, at + 2 * pointerBytes), order);
    entries.push({ type, name: names.get(type), value });
  }
  return entries;
}
