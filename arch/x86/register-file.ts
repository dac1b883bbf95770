/** The registers of one machine: chosen from the table by what the machine has, read from and written to regsets. */

import { littleEndian, numberOf } from '../../src/base/byte-order.js';
import type {
  MachineFacts,
  Register,
  RegisterFile,
  RegisterRole,
  RegsetAccess,
  RegsetRow,
  RegsetSpan,
} from '../module.js';
import { targetDescription } from '../target-description.js';
import { features } from './features.js';
import type { RegisterRow } from './register-row.js';
import { readTagWord, writeTagWord } from './x87-tags.js';
import { XsaveLayout } from './xsave.js';

/** What tells the registers of 64-bit programs from those of 32-bit ones. */
export interface RegisterTable {
  /** As clients name it, GDB manual "Target Description Format". */
  readonly architecture: string;
  readonly rows: readonly RegisterRow[];
  readonly generalRegset: RegsetRow;
  readonly generalSlotBytes: number;
  /** Holds x87 and SSE where the CPU has no XSAVE. */
  readonly floatingPointRegset: RegsetRow;
}

interface Located {
  readonly register: Register;
  readonly row: RegisterRow;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** NT_X86_XSTATE, <linux/elf.h>: the XSAVE area in its standard form. Its size is the machine's. */
function xstateRegset(sizeBytes: number): RegsetRow {
  return { name: 'xstate', noteType: 0x202, sizeBytes };
}

class X86RegisterFile implements RegisterFile {
  readonly regsets: readonly [RegsetRow, RegsetRow];
  readonly registers: readonly Register[];
  readonly undescribed: readonly Register[];
  readonly bulkCount: number;
  readonly expedited: readonly number[];
  readonly general: readonly number[];
  #description: string | undefined;
  readonly #table: RegisterTable;
  readonly #layout: XsaveLayout;
  readonly #located: readonly Located[];
  readonly #byName: ReadonlyMap<string, Register>;

  constructor(table: RegisterTable, machine: MachineFacts) {
    const layout = new XsaveLayout(machine.xsave);
    const { generalRegset, floatingPointRegset } = table;
    const stateBytes = machine.xsave?.sizeBytes ?? 0;
    const state = stateBytes > 0 ? xstateRegset(stateBytes) : floatingPointRegset;
    const rows = table.rows.filter((row) => features[row.feature].needs.every((index) => layout.has(index)));
    this.#table = table;
    this.#layout = layout;
    this.regsets = [generalRegset, state];
    this.#located = rows.map((row, number) => {
      return { row, register: locate(row, number, layout, this.regsets) };
    });
    this.registers = this.#located.map(({ register }) => register);
    this.#byName = new Map(this.registers.map((register) => [register.name, register]));
    // Every CPU that runs Linux of 64 bits has these; the rows of other features come behind them.
    const undescribedCount = rows.filter((row) => features[row.feature].needs.length === 0).length;
    this.undescribed = this.registers.slice(0, undescribedCount);
    this.bulkCount = this.registers.length;
    this.expedited = [this.byRole('fp'), this.byRole('sp'), this.byRole('pc')].map(({ number }) => number);
    this.general = this.registers
      .filter(({ regset }) => regset === generalRegset.name)
      .map(({ number }) => number);
  }

  /** Made for the first who asks. */
  get targetDescription(): string {
    const rows = this.#located.map(({ row }) => row);
    this.#description ??= targetDescription(this.#table.architecture, features, rows);
    return this.#description;
  }

  /** Their widths are the machine's. */
  fitTo(): RegisterFile {
    return this;
  }

  byRole(role: RegisterRole): Register {
    const found = this.registers.find((register) => register.role === role);
    if (found === undefined) throw new Error(`no register has the role ${role}`);
    return found;
  }

  byName(name: string): Register | undefined {
    return this.#byName.get(name);
  }

  decidedBy({ regset, offset, number }: Register): readonly RegsetSpan[] | undefined {
    const row = this.#located[number]?.row;
    return row && [{ regset, offset, lengthBytes: this.#storedBytes(row) }];
  }

  read(register: Register, regsets: RegsetAccess): Uint8Array | undefined {
    const { row, set } = this.#find(register, regsets);
    return set && this.#valueIn(set, row, register);
  }

  write(register: Register, value: Uint8Array, regsets: RegsetAccess): boolean {
    const sizeBytes = register.bits / 8;
    if (value.length !== sizeBytes) {
      throw new RangeError(`${register.name} has ${sizeBytes} bytes, not ${value.length}`);
    }
    const { row, set } = this.#find(register, regsets);
    if (set === undefined) return false;
    const old = this.#valueIn(set, row, register);
    const masked = mask(row, value, old);
    // A client that writes all registers to change one makes one store, not sixty.
    if (isEqual(masked, old)) return true;
    if (row.accepts?.(numberOf(masked), set) === false) return false;
    return regsets.write(register.regset, this.#setWith(set, row, register, masked));
  }

  /** `set` is undefined where the kernel gives none, or that of a program of the other width. */
  #find(register: Register, regsets: RegsetAccess): { row: RegisterRow; set: Uint8Array | undefined } {
    const row = this.#located[register.number]?.row;
    if (row?.name !== register.name) throw new RangeError(`${register.name} is no register of this machine`);
    const set = regsets.read(register.regset);
    const neededBytes =
      row.storage.kind === 'general'
        ? this.#table.generalRegset.sizeBytes
        : register.offset + this.#storedBytes(row);
    return { row, set: set !== undefined && set.length >= neededBytes ? set : undefined };
  }

  /** Bytes that the register takes up in its regset: a narrow register's slot is larger, an x87 word is smaller. */
  #storedBytes({ storage }: RegisterRow): number {
    return storage.kind === 'general' ? this.#table.generalSlotBytes : storage.sizeBytes;
  }

  #valueIn(set: Uint8Array, { storage }: RegisterRow, { offset, bits }: Register): Uint8Array {
    const sizeBytes = bits / 8;
    if (storage.kind === 'general') return set.slice(offset, offset + sizeBytes);
    if (this.#layout.isInitial(set, storage.owners)) return littleEndian(BigInt(storage.initial), sizeBytes);
    if (storage.form === 'abridged-tags') return littleEndian(BigInt(readTagWord(set)), sizeBytes);
    const value = new Uint8Array(sizeBytes);
    value.set(set.subarray(offset, offset + storage.sizeBytes));
    return value;
  }

  #setWith(set: Uint8Array, row: RegisterRow, register: Register, value: Uint8Array): Uint8Array {
    const { storage } = row;
    const changed = set.slice();
    if (storage.kind === 'state' && this.#layout.isInitial(set, storage.owners)) {
      this.#layout.activate(changed, storage.owners[0]);
    }
    if (storage.kind === 'state' && storage.form === 'abridged-tags') {
      writeTagWord(changed, Number(numberOf(value)));
      return changed;
    }
    const slot = new Uint8Array(this.#storedBytes(row));
    slot.set(value.subarray(0, slot.length));
    changed.set(slot, register.offset);
    return changed;
  }
}

function mask({ writableBits }: RegisterRow, value: Uint8Array, old: Uint8Array): Uint8Array {
  if (writableBits === undefined) return value;
  return littleEndian((numberOf(value) & writableBits) | (numberOf(old) & ~writableBits), value.length);
}

function locate(
  row: RegisterRow,
  number: number,
  layout: XsaveLayout,
  [general, state]: readonly [RegsetRow, RegsetRow],
): Register {
  const { name, bits, type, group, role, argument, dwarf, storage } = row;
  const place =
    storage.kind === 'general'
      ? { regset: general.name, offset: storage.offset }
      : { regset: state.name, offset: layout.baseOf(storage.owners[0]) + storage.offset };
  const feature = features[row.feature].name;
  return { name, number, bits, ...place, feature, type, group, role, argument, dwarf };
}

/** The registers of programs with this table on a machine with these facts. */
export function registerFile(table: RegisterTable, machine: MachineFacts): RegisterFile {
  return new X86RegisterFile(table, machine);
}
