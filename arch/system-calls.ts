/** The system calls of each architecture; apart from the modules, as only who reads calls needs them. */
import { aarch64SystemCalls } from './aarch64/system-call-abi.js';
import { i386SystemCalls } from './i386/system-call-abi.js';
import type { ArchModule } from './module.js';
import { type SystemCallTable, systemCallTable } from './system-call-table.js';
import { x86_64SystemCalls } from './x86_64/system-call-abi.js';

const abis = { x86_64: x86_64SystemCalls, i386: i386SystemCalls, aarch64: aarch64SystemCalls } as const;
const tables = new Map<string, SystemCallTable>();

/**
 * The system calls of a machine, by number and by name, as the kernel's headers have them.
 * @throws RangeError for an unknown one
 */
export function systemCallsOf({ name }: Pick<ArchModule, 'name'>): SystemCallTable {
  const known = tables.get(name);
  if (known !== undefined) return known;
  const abi = Object.entries(abis).find(([key]) => key === name)?.[1];
  if (abi === undefined) throw new RangeError(`no system calls are known of ${name}`);
  const table = systemCallTable(abi);
  tables.set(name, table);
  return table;
}
