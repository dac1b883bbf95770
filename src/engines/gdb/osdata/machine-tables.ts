/** Tables about the machine and its kernel. */
import type { OsTable } from './os-table.js';
import { readLines } from './proc-entries.js';

/** One row for each processor of /proc/cpuinfo, a column for each of its lines. */
function* cpuRows(): Generator<Record<string, string>> {
  let row: Record<string, string> = {};
  for (const line of readLines('/proc/cpuinfo')) {
    const [, key = '', value = ''] = /^(.*?)\s*:\s*(.*)$/.exec(line) ?? [];
    if (key === '') continue;
    if (key === 'processor' && Object.keys(row).length > 0) {
      yield row;
      row = {};
    }
    row[key] = value;
  }
  if (Object.keys(row).length > 0) yield row;
}

/** Lines of /proc/modules: name, size, uses, dependencies that end with a comma, status, address. */
function* moduleRows(): Generator<Record<string, string>> {
  for (const line of readLines('/proc/modules')) {
    const [name = '', size = '', uses = '', dependencies = '', status = '', address = ''] = line.split(' ');
    const needed = dependencies === '-' ? '' : dependencies.replace(/,$/, '');
    yield { name, size, 'num uses': uses, dependencies: needed, status, address };
  }
}

export const machineTables: readonly OsTable[] = [
  { name: 'cpus', title: 'CPUs', description: 'Processors of the machine', rows: cpuRows },
  { name: 'modules', title: 'Kernel modules', description: 'Loaded modules of the kernel', rows: moduleRows },
];
