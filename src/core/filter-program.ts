/** Programs of seccomp filters: classic BPF over `struct seccomp_data`, <linux/seccomp.h>. */

/** <linux/bpf_common.h>: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K. */
const codes = { load: 0x20, jumpIfEqual: 0x15, return: 0x06 } as const;
const instructionBytes = 8;
/** SECCOMP_RET_ALLOW. */
export const allow = 0x7fff0000;
/** Offsets in `struct seccomp_data`; of the argument, its lower half on a little-endian machine. */
const offsets = { number: 0, firstArgument: 16 } as const;

export interface FilterRule {
  /** Of a system call, on whatever machine. */
  readonly number: number;
  /** Only with this as the lower half of its first argument. */
  readonly firstArgument?: number;
  /** SECCOMP_RET_*, with its data. */
  readonly action: number;
}

/** What the first rule that matches says; what becomes of all other calls is `otherwise`. */
export function filterProgram(rules: readonly FilterRule[], otherwise: number = allow): Uint8Array {
  const instructions: [code: number, value: number, skippedUnlessEqual?: number][] = [];
  for (const { number, firstArgument, action } of rules) {
    instructions.push([codes.load, offsets.number]);
    if (firstArgument === undefined) {
      instructions.push([codes.jumpIfEqual, number, 1]);
    } else {
      instructions.push([codes.jumpIfEqual, number, 3], [codes.load, offsets.firstArgument]);
      instructions.push([codes.jumpIfEqual, firstArgument, 1]);
    }
    instructions.push([codes.return, action]);
  }
  instructions.push([codes.return, otherwise]);
  const bytes = new Uint8Array(instructions.length * instructionBytes);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, value, skippedUnlessEqual = 0], index) => {
    const at = index * instructionBytes;
    view.setUint16(at, code, true);
    view.setUint8(at + 3, skippedUnlessEqual);
    view.setUint32(at + 4, value >>> 0, true);
  });
  return bytes;
}
