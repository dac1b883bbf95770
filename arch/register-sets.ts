/** Registers, the sets that the kernel hands them over in, and how clients see them. */
/** A register set as the kernel hands it over by PTRACE_GETREGSET. Rows are the module's; the generic code walks them. */
export interface RegsetRow {
  readonly name: string;
  /** NT_* note type, <linux/elf.h>. */
  readonly noteType: number;
  /** Size of the set in bytes on this machine, or the most that it can have. */
  readonly sizeBytes: number;
  /** Reading the set again may give something else than was written, and so may reading others. */
  readonly isInterpreted?: boolean;
}

/** What the program counter, stack pointer and so on are called on this architecture. */
export type RegisterRole =
  | 'pc'
  | 'sp'
  | 'fp'
  | 'flags'
  | 'return-address'
  | 'syscall-number'
  | 'thread-pointer';

/** One register as clients see it. Its position in `RegisterFile.registers` is its number on the wire. */
export interface Register {
  readonly name: string;
  readonly number: number;
  readonly bits: number;
  /** Name of the regset row that holds it. */
  readonly regset: string;
  /** Byte offset inside the regset. */
  readonly offset: number;
  /** Feature of the target description, for example `org.gnu.gdb.i386.core`. */
  readonly feature: string;
  /** Type in the target description. */
  readonly type: string;
  readonly group: string | undefined;
  readonly role: RegisterRole | undefined;
  /** Which argument of a function it holds, from 1 on. */
  readonly argument: number | undefined;
  /** DWARF register number, System V psABI. */
  readonly dwarf: number | undefined;
}

/** Access to the regsets of one stopped thread. Values are live: what is written is stored before the thread runs. */
export interface RegsetAccess {
  /** The bytes of the set, or undefined where the kernel has none for this thread. Do not modify: call `write`. */
  read(regset: string): Uint8Array | undefined;
  /** Replaces the set. False: the kernel refuses what is in it. */
  write(regset: string, bytes: Uint8Array): boolean;
}

/** A part of a regset. */
export interface RegsetSpan {
  readonly regset: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** The registers of one machine: which there are, how they are shown, and how they are read and written. */
export interface RegisterFile {
  readonly regsets: readonly RegsetRow[];
  readonly registers: readonly Register[];
  /** Those that clients know without a target description, in the order of the numbers that they have then. */
  readonly undescribed: readonly Register[];
  /** The registers numbered below this are not too large to be read all at once. */
  readonly bulkCount: number;
  /** Numbers of the registers sent along with every stop reply. */
  readonly expedited: readonly number[];
  /** Numbers, below 256, of all general registers, and of those that the widths of others follow from. */
  readonly general: readonly number[];
  /** The target description (XML) that describes exactly `registers`. */
  readonly targetDescription: string;
  /** The same registers, as wide as they are in a thread now. */
  fitTo(regsets: RegsetAccess): RegisterFile;
  /** There is one for each role. */
  byRole(role: RegisterRole): Register;
  /** Undefined: there is none of that name. */
  byName(name: string): Register | undefined;
  /** All that decides the value of a register, so that it is the same while these bytes are. undefined: more than that. */
  decidedBy(register: Register): readonly RegsetSpan[] | undefined;
  /** Value in target byte order, exactly bits/8 bytes; undefined = known register, value not available. */
  read(register: Register, regsets: RegsetAccess): Uint8Array | undefined;
  /** @throws RangeError when `value` is not bits/8 bytes long. @returns false when it cannot take the value. */
  write(register: Register, value: Uint8Array, regsets: RegsetAccess): boolean;
}
