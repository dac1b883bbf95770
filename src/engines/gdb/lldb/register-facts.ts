/** A register as `qRegisterInfo` describes it: for clients that do not read target descriptions. */
import type { Reply } from 'gdb-js-rsp-parser';
import type { RegisterFile, RegisterRole } from '../../../../arch/module.js';

type RegisterFacts = Extract<Reply<'qRegisterInfo'>, { kind: 'register' }>['register'];

const roles: Readonly<Partial<Record<RegisterRole, string>>> = {
  pc: 'pc',
  sp: 'sp',
  fp: 'fp',
  flags: 'flags',
  'return-address': 'ra',
  'thread-pointer': 'tp',
};
const sets: Readonly<Record<string, string>> = {
  float: 'Floating Point Registers',
  vector: 'Vector Registers',
  system: 'System Registers',
};

/** Undefined: there are not so many. */
export function registerFacts({ registers }: RegisterFile, number: number): RegisterFacts | undefined {
  const register = registers[number];
  if (register === undefined) return undefined;
  const { name, bits, role, argument, dwarf, group } = register;
  const offsetBytes = registers.slice(0, number).reduce((sum, before) => sum + before.bits / 8, 0);
  const isVector = group === 'vector' && bits > 64;
  const genericRole = argument === undefined ? role && roles[role] : `arg${argument}`;
  return {
    name,
    bits,
    offsetBytes,
    encoding: isVector ? 'vector' : 'uint',
    format: isVector ? 'vector-uint8' : 'hex',
    set: sets[group ?? ''] ?? 'General Purpose Registers',
    ...(dwarf === undefined ? {} : { ehFrameNumber: dwarf, dwarfNumber: dwarf }),
    ...(genericRole === undefined ? {} : { role: genericRole }),
  };
}
