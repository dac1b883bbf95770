/** The registers of this machine's 64-bit programs by what they are for: their names and numbers are the machine's. */
import { modules } from '../../arch/index.js';
import type { ArchModule, Register, RegisterRole } from '../../arch/module.js';
import { nativeBinding } from '../../src/native/binding.js';
import { thisMachine } from './machine.js';

function findModule(): ArchModule {
  const module = modules.find(({ name }) => name === thisMachine);
  if (module === undefined) throw new Error(`no architecture is named ${thisMachine}`);
  return module;
}

export const thisModule = findModule();

/** What clients call the size of a breakpoint: the last field of `Z0` and `Z1`. */
export const breakpointKind = thisModule.breakpoint.bytes.length;

const file = thisModule.registerFile(nativeBinding().machineFacts());

/** Numbers of those that stop replies carry, in their order, and of them those in the general regset. */
export const expeditedRegisters = file.expedited;
export const expeditedGeneral = expeditedRegisters.filter(
  (number) => file.registers[number]?.regset === file.byRole('pc').regset,
);

/** Names and numbers are those on the wire. */
export function registerOfRole(role: RegisterRole): Register {
  return file.byRole(role);
}

/** @throws Error where this machine has none of this name */
export function registerNamed(name: string): Register {
  const register = file.byName(name);
  if (register === undefined) throw new Error(`${thisMachine} has no register ${name}`);
  return register;
}

/** By its byte offset in the general regset. */
function generalRegister(offset: number): Register {
  const { regset } = file.byRole('pc');
  const register = file.registers.find((one) => one.regset === regset && one.offset === offset);
  if (register === undefined) throw new Error(`no general register is at ${offset}`);
  return register;
}

/** Of functions and of system calls. */
export const firstArgument = generalRegister(thisModule.syscall.argumentOffsets[0] ?? Number.NaN);
export const resultRegister = generalRegister(thisModule.syscall.resultOffset);
