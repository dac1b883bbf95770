/** A machine's way to run a program: its architecture, and the registers of this very machine. */
import type {
  ArchModule,
  DebugRegisters,
  GuardedStack,
  MachineFacts,
  RegisterFile,
  TaggedMemory,
} from '../../arch/module.js';

/** What is known of the machine that a process runs on: it differs for 32-bit programs. */
export interface Machine {
  /** @internal */
  readonly arch: ArchModule;
  readonly registerFile: RegisterFile;
  /** @internal */
  readonly debugRegisters: DebugRegisters;
  /** @internal */
  readonly taggedMemory: TaggedMemory | undefined;
  readonly guardedStack: GuardedStack | undefined;
  readonly returnMark: bigint;
}

export function machineFor(arch: ArchModule, facts: MachineFacts): Machine {
  return {
    arch,
    registerFile: arch.registerFile(facts),
    debugRegisters: arch.debugRegisters(facts),
    taggedMemory: arch.taggedMemory(facts),
    guardedStack: arch.guardedStack(facts),
    returnMark: arch.returnMark(facts),
  };
}
