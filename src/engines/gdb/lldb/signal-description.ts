/** What LLDB shows of a signal that an instruction has caused (sigaction(2), <asm-generic/siginfo.h>). */
import { signalName } from 'gdb-js-rsp-parser';
import type { KernelSignal } from '../../../base/ids.js';
import type { Thread } from '../../../core/index.js';

/** By signal number and si_code. */
const causes: Readonly<Record<number, readonly string[]>> = {
  4: [
    'illegal opcode',
    'illegal operand',
    'illegal addressing mode',
    'illegal trap',
    'privileged opcode',
    'privileged register',
    'coprocessor error',
    'internal stack error',
  ],
  7: ['illegal alignment', 'nonexistent physical address', 'object-specific hardware error'],
  8: [
    'integer divide by zero',
    'integer overflow',
    'floating point divide by zero',
    'floating point overflow',
    'floating point underflow',
    'inexact floating point result',
    'invalid floating point operation',
    'subscript out of range',
  ],
  11: [
    'address not mapped to object',
    'invalid permissions for mapped object',
    'failed address bounds checks',
    'memory protection key checks failed',
  ],
};
/** Codes 8 and 9 of SIGSEGV: memory tags (MTE), told with the access or later. */
const tagCauses: Readonly<Record<number, string>> = {
  8: 'async tag check fault',
  9: 'sync tag check fault',
};
/** The fault of an address that is none, told by the kernel as its own: SI_KERNEL. */
const kernelCode = 0x80;
const segmentationFault = 11;
const codeOffset = 8;
/** Of si_addr, where pointers have 8 bytes and 4. */
const addressOffsets = { 8: 16, 4: 12 } as const;

/** Undefined: the name of the signal says all. */
export function describeSignal(thread: Thread, signal: KernelSignal): string | undefined {
  const info = causes[signal] === undefined ? undefined : thread.readSiginfo();
  if (info === undefined) return undefined;
  const view = new DataView(info.buffer, info.byteOffset, info.length);
  const code = view.getInt32(codeOffset, true);
  const name = `signal ${signalName(signal)}`;
  if (code === kernelCode && signal === segmentationFault) return `${name}: address access protected`;
  const cause = causes[signal]?.[code - 1] ?? (signal === segmentationFault ? tagCauses[code] : undefined);
  if (cause === undefined) return undefined;
  const { pointerBytes } = thread.process.arch;
  const at = addressOffsets[pointerBytes];
  const faultAddress = pointerBytes === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
  return `${name}: ${cause} (fault address=0x${faultAddress.toString(16)})`;
}
