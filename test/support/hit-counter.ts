/** Breakpoints that count their hits where these happen, and stop nobody. */
import { program } from './agent-program.js';

/** A condition that is false and adds 1 to a trace state variable. */
export function counting(variable: number): Uint8Array {
  return program(['getv', variable], ['const8', 1], 'add', ['setv', variable], 'pop', ['const8', 0]);
}
