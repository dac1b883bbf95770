/** How signals are numbered on a connection: as GDB does, or, where `native-signals+` is agreed, as the kernel does. */
import { type GdbSignal, gdbSignal, gdbSignalOf, kernelSignalOf } from 'gdb-js-rsp-parser';

export interface SignalNumbers {
  /** Number on the wire of a signal of the kernel's; 0 stays 0 ("no signal"). */
  toWire(kernel: number): GdbSignal;
  /** Undefined: Linux has no such signal. */
  toKernel(number: number): number | undefined;
}

export const gdbNumbers: SignalNumbers = { toWire: gdbSignalOf, toKernel: kernelSignalOf };

/** SIGRTMAX, signal(7). */
const lastSignal = 64;

export const kernelNumbers: SignalNumbers = {
  // The codec's type has a name of GDB's, and any number.
  toWire: gdbSignal,
  toKernel: (number) => (number <= lastSignal ? number : undefined),
};
