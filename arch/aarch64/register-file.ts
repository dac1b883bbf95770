/** The registers of one machine, as wide as they are in some thread: read from and written to regsets. */
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
import { features, featureTypes, hasScalableVectors, hasStreamingMode, type Widths } from './features.js';
import {
  describedRows,
  featureNameOf,
  type RegisterRow,
  registerRows,
  undescribedRows,
  type Width,
} from './registers.js';
import { regsets, vectorHeaderBytes } from './regsets.js';
import {
  hasPayload,
  headerWith,
  lengthPlace,
  roomBehindHeader,
  sizeAndLengthPlace,
  VectorState,
  vectorBytesIn,
} from './vector-state.js';

/** vg counts in these. */
const granuleBytes = 8;
/** Of svcr. */
const controlBits = { streaming: 1n, matrix: 2n } as const;

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function bitsOf(width: Width, { vectorBytes, streamingVectorBytes }: Widths): number {
  switch (width) {
    case 'vector':
      return vectorBytes * 8;
    case 'predicate':
      return vectorBytes;
    case 'matrix':
      return streamingVectorBytes ** 2 * 8;
    default:
      return width;
  }
}

/** Whether the machine has the register: tpidr2 came with SME. */
function isThere(row: RegisterRow, machine: MachineFacts): boolean {
  if (row.name === 'tpidr2' && !hasStreamingMode(machine)) return false;
  return features[row.feature].isThere(machine);
}

class Aarch64RegisterFile implements RegisterFile {
  readonly regsets: readonly RegsetRow[] = Object.values(regsets);
  readonly registers: readonly Register[];
  readonly undescribed: readonly Register[];
  readonly bulkCount: number;
  readonly expedited: readonly number[];
  readonly general: readonly number[];
  readonly #machine: MachineFacts;
  readonly #widths: Widths;
  readonly #rows: readonly RegisterRow[];
  readonly #rowsByName: ReadonlyMap<string, RegisterRow>;
  readonly #byName: ReadonlyMap<string, Register>;
  /** Those of all widths that any thread was seen to have, by vg and svg. */
  readonly #relatives: Map<string, Aarch64RegisterFile>;
  #description: string | undefined;

  constructor(machine: MachineFacts, widths: Widths, relatives = new Map<string, Aarch64RegisterFile>()) {
    this.#machine = machine;
    this.#widths = widths;
    this.#relatives = relatives;
    relatives.set(keyOf(widths), this);
    this.#rows = registerRows.filter((row) => isThere(row, machine));
    const undescribed = undescribedRows(hasScalableVectors(machine));
    this.#rowsByName = new Map([...undescribed, ...this.#rows].map((row) => [row.name, row]));
    this.registers = this.#rows.map((row, number) => registerOf(row, number, widths));
    this.undescribed = undescribed.map((row, number) => registerOf(row, number, widths));
    this.#byName = new Map(this.registers.map((register) => [register.name, register]));
    const matrix = this.#rows.findIndex(({ width }) => width === 'matrix');
    this.bulkCount = matrix < 0 ? this.#rows.length : matrix;
    const lengths = [this.byName('vg'), this.byName('svg')].filter((register) => register !== undefined);
    this.expedited = [this.byRole('fp'), this.byRole('sp'), this.byRole('pc'), ...lengths].map(
      ({ number }) => number,
    );
    this.general = this.registers
      .filter(({ regset, name }) => regset === regsets.general.name || name === 'vg')
      .map(({ number }) => number);
  }

  /** Made for the first who asks. */
  get targetDescription(): string {
    const described = describedRows(this.#rows).map((row) => ({
      ...row,
      bits: bitsOf(row.width, this.#widths),
    }));
    this.#description ??= targetDescription('aarch64', featureTypes(this.#widths), described);
    return this.#description;
  }

  fitTo(access: RegsetAccess): RegisterFile {
    const vectorBytes = this.#vectors(access)?.vectorBytes ?? this.#widths.vectorBytes;
    const streaming = this.#hasStreaming ? access.read(regsets.streaming.name) : undefined;
    const streamingVectorBytes =
      streaming === undefined ? this.#widths.streamingVectorBytes : vectorBytesIn(streaming);
    const widths = { vectorBytes, streamingVectorBytes };
    return (
      this.#relatives.get(keyOf(widths)) ?? new Aarch64RegisterFile(this.#machine, widths, this.#relatives)
    );
  }

  byRole(role: RegisterRole): Register {
    const found = this.registers.find((register) => register.role === role);
    if (found === undefined) throw new Error(`no register has the role ${role}`);
    return found;
  }

  byName(name: string): Register | undefined {
    return this.#byName.get(name);
  }

  decidedBy(register: Register): readonly RegsetSpan[] | undefined {
    const { storage } = this.#rowOf(register);
    switch (storage.kind) {
      case 'place': {
        const { regset, offset } = storage;
        return [{ regset, offset, lengthBytes: register.bits / 8 }];
      }
      case 'vector-length': {
        const [scalable, streaming] = [regsets.scalable.name, regsets.streaming.name];
        if (storage.isStreaming) return [{ regset: streaming, ...lengthPlace }];
        // Which of the two lengths vg is, the size of the streaming set says.
        const mode = this.#hasStreaming ? [{ regset: streaming, ...sizeAndLengthPlace }] : [];
        return [{ regset: scalable, ...lengthPlace }, ...mode];
      }
      case 'vector':
      case 'matrix-control':
      case 'matrix':
        return undefined;
    }
  }

  read(register: Register, access: RegsetAccess): Uint8Array | undefined {
    const { storage } = this.#rowOf(register);
    const sizeBytes = register.bits / 8;
    switch (storage.kind) {
      case 'place': {
        const value = access.read(storage.regset)?.slice(storage.offset, storage.offset + sizeBytes);
        return value?.length === sizeBytes ? value : undefined;
      }
      case 'vector':
        return this.#vectors(access)?.read(storage.part, storage.index, sizeBytes);
      case 'vector-length': {
        const vectorBytes = storage.isStreaming
          ? widthIn(access.read(regsets.streaming.name))
          : this.#vectors(access)?.vectorBytes;
        return vectorBytes === undefined
          ? undefined
          : littleEndian(BigInt(vectorBytes / granuleBytes), sizeBytes);
      }
      case 'matrix-control': {
        const za = access.read(regsets.za.name);
        if (za === undefined) return undefined;
        const streaming = this.#vectors(access)?.isStreaming === true ? controlBits.streaming : 0n;
        return littleEndian(streaming | (hasPayload(za) ? controlBits.matrix : 0n), sizeBytes);
      }
      case 'matrix':
        return matrixIn(access.read(regsets.za.name), sizeBytes);
    }
  }

  write(register: Register, value: Uint8Array, access: RegsetAccess): boolean {
    const sizeBytes = register.bits / 8;
    if (value.length !== sizeBytes) {
      throw new RangeError(`${register.name} has ${sizeBytes} bytes, not ${value.length}`);
    }
    const row = this.#rowOf(register);
    const old = this.read(register, access);
    if (old === undefined) return false;
    const masked = mask(row, value, old);
    // A client that writes all registers to change one makes one store, not sixty.
    if (isEqual(masked, old)) return true;
    if (row.isReadOnly === true) return false;
    return this.#store(row, masked, access);
  }

  #store({ storage }: RegisterRow, value: Uint8Array, access: RegsetAccess): boolean {
    switch (storage.kind) {
      case 'place': {
        const changed = access.read(storage.regset)?.slice();
        changed?.set(value, storage.offset);
        return changed !== undefined && access.write(storage.regset, changed);
      }
      case 'vector': {
        const state = this.#vectors(access);
        const changed = state?.with(storage.part, storage.index, value);
        return state !== undefined && changed !== undefined && access.write(state.regset, changed);
      }
      case 'vector-length':
        return this.#storeLength(storage.isStreaming, Number(numberOf(value)) * granuleBytes, access);
      case 'matrix-control':
        return this.#storeControl(numberOf(value), access);
      case 'matrix':
        return storeMatrix(value, access);
    }
  }

  /** Another vector length empties the registers, as in the program. The kernel takes the next shorter one that it has. */
  #storeLength(isStreaming: boolean, vectorBytes: number, access: RegsetAccess): boolean {
    const isOfStreaming = isStreaming || this.#vectors(access)?.isStreaming === true;
    // The set of the streaming vectors would enter streaming mode.
    const regset = isOfStreaming ? regsets.za.name : regsets.scalable.name;
    const set = access.read(regset);
    if (set === undefined || !access.write(regset, headerWith(set, vectorBytes))) return false;
    return widthIn(access.read(regset)) === vectorBytes;
  }

  /** What is entered or left is empty then, as in the program. */
  #storeControl(value: bigint, access: RegsetAccess): boolean {
    const state = this.#vectors(access);
    const za = access.read(regsets.za.name);
    if (state === undefined || za === undefined || value > 3n) return false;
    const wantsStreaming = (value & controlBits.streaming) !== 0n;
    const wantsMatrix = (value & controlBits.matrix) !== 0n;
    if (state.isStreaming !== wantsStreaming) {
      const regset = wantsStreaming ? regsets.streaming.name : regsets.scalable.name;
      const set = access.read(regset);
      if (set === undefined || !access.write(regset, VectorState.empty(set, wantsStreaming))) return false;
    }
    if (hasPayload(za) === wantsMatrix) return true;
    const vectorBytes = vectorBytesIn(za);
    const changed = wantsMatrix ? roomBehindHeader(za, vectorBytes ** 2) : headerWith(za, vectorBytes);
    return access.write(regsets.za.name, changed);
  }

  get #hasStreaming(): boolean {
    return hasStreamingMode(this.#machine);
  }

  #vectors(access: RegsetAccess): VectorState | undefined {
    return hasScalableVectors(this.#machine) ? VectorState.of(access, this.#hasStreaming) : undefined;
  }

  #rowOf(register: Register): RegisterRow {
    const row = this.#rowsByName.get(register.name);
    if (row === undefined) throw new RangeError(`${register.name} is no register of this machine`);
    return row;
  }
}

function keyOf({ vectorBytes, streamingVectorBytes }: Widths): string {
  return `${vectorBytes} ${streamingVectorBytes}`;
}

function widthIn(set: Uint8Array | undefined): number | undefined {
  return set && vectorBytesIn(set);
}

/** Row by row, cut or filled up with zeros to the square that the client sees; all zero while there is none. */
function matrixIn(za: Uint8Array | undefined, sizeBytes: number): Uint8Array | undefined {
  if (za === undefined) return undefined;
  const value = new Uint8Array(sizeBytes);
  if (!hasPayload(za)) return value;
  const rowBytes = vectorBytesIn(za);
  const shownBytes = Math.sqrt(sizeBytes);
  for (let row = 0; row < Math.min(rowBytes, shownBytes); row++) {
    const start = vectorHeaderBytes + row * rowBytes;
    value.set(za.subarray(start, start + Math.min(rowBytes, shownBytes)), row * shownBytes);
  }
  return value;
}

function storeMatrix(value: Uint8Array, access: RegsetAccess): boolean {
  const za = access.read(regsets.za.name);
  // What the thread has no room for cannot be kept.
  if (za === undefined || value.length !== vectorBytesIn(za) ** 2) return false;
  const changed = roomBehindHeader(za, value.length);
  changed.set(value, vectorHeaderBytes);
  return access.write(regsets.za.name, changed);
}

function mask({ writableBits }: RegisterRow, value: Uint8Array, old: Uint8Array): Uint8Array {
  if (writableBits === undefined) return value;
  return littleEndian((numberOf(value) & writableBits) | (numberOf(old) & ~writableBits), value.length);
}

function registerOf(row: RegisterRow, number: number, widths: Widths): Register {
  const { name, type, group, role, argument, dwarf, storage, width } = row;
  const place =
    storage.kind === 'place'
      ? { regset: storage.regset, offset: storage.offset }
      : { regset: regsetOf(storage.kind), offset: vectorHeaderBytes };
  const feature = featureNameOf(row);
  return { name, number, bits: bitsOf(width, widths), ...place, feature, type, group, role, argument, dwarf };
}

/** Where it is looked for; in streaming mode vectors are elsewhere. */
function regsetOf(kind: 'vector' | 'vector-length' | 'matrix-control' | 'matrix'): string {
  return kind === 'vector' || kind === 'vector-length' ? regsets.scalable.name : regsets.za.name;
}

export function registerFile(machine: MachineFacts): RegisterFile {
  const { vectorBytes, streamingVectorBytes } = machine;
  return new Aarch64RegisterFile(machine, { vectorBytes, streamingVectorBytes });
}
