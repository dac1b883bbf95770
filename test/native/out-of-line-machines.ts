/** The machines whose instructions this one executes. */
import { arch } from 'node:os';
import { aarch64Machines } from './out-of-line-aarch64.js';
import type { HarnessMachine } from './out-of-line-machine.js';
import { x86Machines } from './out-of-line-x86.js';

export function harnessMachines(): readonly HarnessMachine[] {
  return arch() === 'x64' ? x86Machines : arch() === 'arm64' ? aarch64Machines : [];
}
