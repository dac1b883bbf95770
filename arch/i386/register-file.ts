/** The registers of 32-bit programs on one machine. */
import type { MachineFacts, RegisterFile } from '../module.js';
import { registerFile as registerFileOf } from '../x86/register-file.js';
import { registerRows } from './registers.js';
import { floatingPointRegset, generalSet, generalSlotBytes } from './regsets.js';

export function registerFile(machine: MachineFacts): RegisterFile {
  const table = {
    architecture: 'i386',
    rows: registerRows,
    generalRegset: generalSet.row,
    generalSlotBytes,
    floatingPointRegset,
  };
  return registerFileOf(table, machine);
}
