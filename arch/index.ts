/** The architectures that there are. */
import { i386 } from './i386/index.js';
import type { ArchModule } from './module.js';
import { x86_64 } from './x86_64/index.js';

export const modules: readonly ArchModule[] = [x86_64, i386];

/** What messages call the architectures. */
export function architectureNames(): string {
  return modules.map(({ name }) => name).join(', ');
}

/** The module for programs of this ELF class (ELFCLASS32 is 1, ELFCLASS64 is 2) and e_machine; undefined: none. */
export function moduleFor(elfClass: number, elfMachine: number): ArchModule | undefined {
  return modules.find((module) => module.elfClass === elfClass && module.elfMachine === elfMachine);
}
