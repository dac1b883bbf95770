/** A machine's way to run a program: its architecture, and the registers of this very machine. */
import type {
  ArchModule,
  DebugRegisters,
  MachineFacts,
  RegisterFile,
  TaggedMemory,
} from '../../arch/module.js';

export interface Machine {
  readonly arch: ArchModule;
  readonly registerFile: RegisterFile;
  readonly debugRegisters: DebugRegisters;
  readonly taggedMemory: TaggedMemory | undefined;
}

export function machineFor(arch: ArchModule, facts: MachineFacts): Machine {
  return {
    arch,
    registerFile: arch.registerFile(facts),
    debugRegisters: arch.debugRegisters(facts),
    taggedMemory: arch.taggedMemory(facts),
  };
}
