/** The general regset of either width of programs: slots of one size, one behind the other, little-endian. */
import type { ArchModule, RegsetRow } from '../module.js';

/** `regs.rip` of `struct user`, <sys/user.h>: the tracer's, whatever the width of the program. */
const pcUserOffset = 16 * 8;

/** EFLAGS.TF. */
export const trapFlag = 1n << 8n;

export interface GeneralRegset<Slot extends string> {
  readonly row: RegsetRow;
  /** Byte offset of a slot in the set. */
  offsetOf(slot: Slot): number;
  /** What native code must know of it. */
  facts(pc: Slot, sp: Slot, flags: Slot): ArchModule['general'];
}

/** `slots` in memory order: `struct user_regs_struct`, <sys/user.h>. */
export function generalRegsetOf<Slot extends string>(
  slots: readonly Slot[],
  slotBytes: 4 | 8,
): GeneralRegset<Slot> {
  const offsetOf = (slot: Slot): number => slots.indexOf(slot) * slotBytes;
  /** NT_PRSTATUS, <linux/elf.h>. */
  const row = { name: 'general', noteType: 1, sizeBytes: slots.length * slotBytes } as const;
  return {
    row,
    offsetOf,
    facts: (pc, sp, flags) => ({
      noteType: row.noteType,
      sizeBytes: row.sizeBytes,
      registerBytes: slotBytes,
      pcOffset: offsetOf(pc),
      pcUserOffset,
      spOffset: offsetOf(sp),
      flagsOffset: offsetOf(flags),
      trapFlag,
      /** EFLAGS.AC. */
      alignmentFlag: 1n << 18n,
      branchTargetFlags: 0n,
      linkOffset: undefined,
    }),
  };
}
