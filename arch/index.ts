/** The architectures that there are. */
import { aarch64 } from './aarch64/index.js';
import { i386 } from './i386/index.js';
import type { ArchModule } from './module.js';
import { x86_64 } from './x86_64/index.js';

/** By `machine` of uname(2): the architectures of the programs that it runs. */
const modulesByMachine: Readonly<Record<string, readonly ArchModule[]>> = {
  x86_64: [x86_64, i386],
  aarch64: [aarch64],
};

export const modules: readonly ArchModule[] = Object.values(modulesByMachine).flat();

export function modulesOn(machine: string): readonly ArchModule[] {
  return modulesByMachine[machine] ?? [];
}

/** What messages call the architectures that can be debugged on a machine. */
export function architectureNames(machine: string): string {
  return modulesOn(machine)
    .map(({ name }) => name)
    .join(', ');
}

/** The module for programs of this ELF class (ELFCLASS32 is 1, ELFCLASS64 is 2) and e_machine; undefined: none. */
export function moduleFor(machine: string, elfClass: number, elfMachine: number): ArchModule | undefined {
  return modulesOn(machine).find(
    (module) => module.elfClass === elfClass && module.elfMachine === elfMachine,
  );
}
