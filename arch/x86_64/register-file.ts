/** The registers of one machine: chosen from the table by what the machine has, read from and written to regsets. */
import type { MachineFacts, Register, RegisterFile, RegisterRole, RegsetAccess } from '../module.js';
import { features } from './features.js';
import { type RegisterRow, registerRows } from './registers.js';
import { generalRegset, generalSlotBytes, stateRegset } from './regsets.js';
import { targetDescription } from './target-description.js';
import { readTagWord, writeTagWord } from './x87-tags.js';
import { XsaveLayout } from './xsave.js';

interface Located {
  readonly register: Register;
  readonly row: RegisterRow;
}

function littleEndian(value: bigint, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Bytes that the register takes up in its regset: a narrow register's slot is larger, an x87 word is smaller. */
function storedBytes({ storage }: RegisterRow): number {
  return storage.kind === 'general' ? generalSlotBytes : storage.sizeBytes;
}

class X86RegisterFile implements RegisterFile {
  readonly regsets;
  readonly registers: readonly Register[];
  readonly expedited: readonly number[];
  readonly targetDescription: string;
  readonly #layout: XsaveLayout;
  readonly #located: readonly Located[];
  readonly #byName: ReadonlyMap<string, Register>;

  constructor(machine: MachineFacts) {
    const layout = new XsaveLayout(machine);
    const state = stateRegset(machine);
    const rows = registerRows.filter((row) =>
      features[row.feature].needs.every((index) => layout.has(index)),
    );
    this.#layout = layout;
    this.#located = rows.map((row, number) => ({ row, register: locate(row, number, layout, state.name) }));
    this.regsets = [generalRegset, state];
    this.registers = this.#located.map(({ register }) => register);
    this.#byName = new Map(this.registers.map((register) => [register.name, register]));
    this.expedited = [this.byRole('fp'), this.byRole('sp'), this.byRole('pc')].map(({ number }) => number);
    this.targetDescription = targetDescription(rows);
  }

  byRole(role: RegisterRole): Register {
    const found = this.registers.find((register) => register.role === role);
    if (found === undefined) throw new Error(`no register has the role ${role}`);
    return found;
  }

  byName(name: string): Register | undefined {
    return this.#byName.get(name);
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
    regsets.write(register.regset, this.#setWith(set, row, register, masked));
    return true;
  }

  /** `set` is undefined where the kernel gives none, or that of a 32-bit program. */
  #find(register: Register, regsets: RegsetAccess): { row: RegisterRow; set: Uint8Array | undefined } {
    const row = this.#located[register.number]?.row;
    if (row?.name !== register.name) throw new RangeError(`${register.name} is no register of this machine`);
    const set = regsets.read(register.regset);
    const neededBytes =
      row.storage.kind === 'general' ? generalRegset.sizeBytes : register.offset + storedBytes(row);
    return { row, set: set !== undefined && set.length >= neededBytes ? set : undefined };
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
    const slot = new Uint8Array(storedBytes(row));
    slot.set(value.subarray(0, slot.length));
    changed.set(slot, register.offset);
    return changed;
  }
}

function mask({ writableBits }: RegisterRow, value: Uint8Array, old: Uint8Array): Uint8Array {
  if (writableBits === undefined) return value;
  return littleEndian((numberOf(value) & writableBits) | (numberOf(old) & ~writableBits), value.length);
}

function locate(row: RegisterRow, number: number, layout: XsaveLayout, stateName: string): Register {
  const { name, bits, type, group, role, dwarf, storage } = row;
  const place =
    storage.kind === 'general'
      ? { regset: generalRegset.name, offset: storage.offset }
      : { regset: stateName, offset: layout.baseOf(storage.owners[0]) + storage.offset };
  return { name, number, bits, ...place, feature: features[row.feature].name, type, group, role, dwarf };
}

/** The registers of a machine with these facts. */
export function registerFile(machine: MachineFacts): RegisterFile {
  return new X86RegisterFile(machine);
}
