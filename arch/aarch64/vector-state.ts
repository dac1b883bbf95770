/**
 * The vector registers of one thread as its regsets have them: Linux "Scalable Vector Extension support" and "Scalable
 * Matrix Extension support" (arm64/sve.rst, arm64/sme.rst). While the thread is in streaming mode they are in a set of
 * their own; the upper parts of vectors that were never used are in neither.
 */
import type { RegsetAccess } from '../module.js';
import { floatingPointLayout, regsets, scalableLayout, vectorHeaderBytes } from './regsets.js';

/** SVE_PT_REGS_SVE: the set has scalable registers, else those of `struct user_fpsimd_state`. */
const scalableFlag = 1;
const offsets = { size: 0, vectorBytes: 8, flags: 12 } as const;
/** Of the header: how long vectors are, and all up to that, with the size, which says whether something is behind. */
export const lengthPlace = { offset: offsets.vectorBytes, lengthBytes: 2 } as const;
export const sizeAndLengthPlace = { offset: offsets.size, lengthBytes: offsets.vectorBytes + 2 } as const;

/** A register of the set. Predicates and vectors have an index. */
export type VectorPart = 'z' | 'p' | 'ffr' | 'fpsr' | 'fpcr';

interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

function viewOf(set: Uint8Array): DataView {
  return new DataView(set.buffer, set.byteOffset, set.byteLength);
}

/** Of a set with a header: how long vectors are. */
export function vectorBytesIn(set: Uint8Array): number {
  return viewOf(set).getUint16(offsets.vectorBytes, true);
}

/** Whether there is something behind the header. */
export function hasPayload(set: Uint8Array): boolean {
  return set.length > vectorHeaderBytes && viewOf(set).getUint32(offsets.size, true) > vectorHeaderBytes;
}

/** A set of nothing but a header, which sets a vector length. */
export function headerWith(set: Uint8Array, vectorBytes: number): Uint8Array {
  const header = set.slice(0, vectorHeaderBytes);
  const view = viewOf(header);
  view.setUint32(offsets.size, vectorHeaderBytes, true);
  view.setUint16(offsets.vectorBytes, vectorBytes, true);
  return header;
}

/** A set with a header like that of `set` and room for so many bytes behind it. */
export function roomBehindHeader(set: Uint8Array, payloadBytes: number): Uint8Array {
  const room = new Uint8Array(vectorHeaderBytes + payloadBytes);
  room.set(set.subarray(0, vectorHeaderBytes));
  viewOf(room).setUint32(offsets.size, room.length, true);
  return room;
}

export class VectorState {
  readonly regset: string;
  readonly isStreaming: boolean;
  readonly vectorBytes: number;
  readonly #set: Uint8Array;
  readonly #isScalable: boolean;

  private constructor(regset: string, set: Uint8Array, isStreaming: boolean) {
    this.regset = regset;
    this.isStreaming = isStreaming;
    this.vectorBytes = vectorBytesIn(set);
    this.#set = set;
    this.#isScalable = (viewOf(set).getUint16(offsets.flags, true) & scalableFlag) !== 0;
  }

  /** Undefined: the thread has none, or is gone. `hasStreaming`: the machine has a streaming mode. */
  static of(access: RegsetAccess, hasStreaming: boolean): VectorState | undefined {
    const streaming = hasStreaming ? access.read(regsets.streaming.name) : undefined;
    if (streaming !== undefined && hasPayload(streaming)) {
      const state = new VectorState(regsets.streaming.name, streaming, true);
      if (state.#isScalable) return state;
    }
    const set = access.read(regsets.scalable.name);
    return set !== undefined && hasPayload(set)
      ? new VectorState(regsets.scalable.name, set, false)
      : undefined;
  }

  /** Every register zero, in streaming mode or out of it. */
  static empty(set: Uint8Array, isStreaming: boolean): Uint8Array {
    const { sizeBytes } = scalableLayout(vectorBytesIn(set));
    const payloadBytes = isStreaming ? sizeBytes - vectorHeaderBytes : floatingPointLayout.sizeBytes;
    const made = roomBehindHeader(set, payloadBytes);
    const flags = viewOf(set).getUint16(offsets.flags, true) & ~scalableFlag;
    viewOf(made).setUint16(offsets.flags, isStreaming ? flags | scalableFlag : flags, true);
    return made;
  }

  /** As the client sees it: cut, or filled up with zeros, to its width. */
  read(part: VectorPart, index: number, widthBytes: number): Uint8Array {
    const value = new Uint8Array(widthBytes);
    const place = this.#placeOf(part, index);
    if (place !== undefined) {
      value.set(this.#set.subarray(place.offset, place.offset + Math.min(place.sizeBytes, widthBytes)));
    }
    return value;
  }

  /** The set with another value in one register; undefined: the thread's is too narrow for it. */
  with(part: VectorPart, index: number, value: Uint8Array): Uint8Array | undefined {
    const place = this.#placeOf(part, index);
    const roomBytes = place?.sizeBytes ?? 0;
    if (value.subarray(roomBytes).every((byte) => byte === 0)) {
      const changed = this.#set.slice();
      if (place !== undefined) changed.set(value.subarray(0, roomBytes), place.offset);
      return changed;
    }
    return this.#isScalable ? undefined : this.#widened().with(part, index, value);
  }

  /** Undefined: a register of scalable sets, which this one is not; it is zero. */
  #placeOf(part: VectorPart, index: number): Place | undefined {
    return this.#isScalable ? this.#scalablePlace(part, index) : plainPlace(part, index);
  }

  #scalablePlace(part: VectorPart, index: number): Place {
    const layout = scalableLayout(this.vectorBytes);
    switch (part) {
      case 'z':
        return { offset: layout.z + index * this.vectorBytes, sizeBytes: this.vectorBytes };
      case 'p':
        return { offset: layout.p + index * layout.predicateBytes, sizeBytes: layout.predicateBytes };
      case 'ffr':
        return { offset: layout.ffr, sizeBytes: layout.predicateBytes };
      case 'fpsr':
      case 'fpcr':
        return { offset: layout[part], sizeBytes: 4 };
    }
  }

  /** The same registers in a set that has room for their upper parts. */
  #widened(): VectorState {
    const set = roomBehindHeader(this.#set, scalableLayout(this.vectorBytes).sizeBytes - vectorHeaderBytes);
    const flags = viewOf(this.#set).getUint16(offsets.flags, true);
    viewOf(set).setUint16(offsets.flags, flags | scalableFlag, true);
    const wide = new VectorState(this.regset, set, this.isStreaming);
    const parts: readonly (readonly [VectorPart, number, number])[] = [
      ...Array.from({ length: 32 }, (_, index) => ['z', index, floatingPointLayout.strideBytes] as const),
      ['fpsr', 0, 4],
      ['fpcr', 0, 4],
    ];
    for (const [part, index, widthBytes] of parts) {
      set.set(this.read(part, index, widthBytes), wide.#scalablePlace(part, index).offset);
    }
    return wide;
  }
}

function plainPlace(part: VectorPart, index: number): Place | undefined {
  const { v, strideBytes, fpsr, fpcr } = floatingPointLayout;
  switch (part) {
    case 'z':
      return { offset: vectorHeaderBytes + v + index * strideBytes, sizeBytes: strideBytes };
    case 'fpsr':
      return { offset: vectorHeaderBytes + fpsr, sizeBytes: 4 };
    case 'fpcr':
      return { offset: vectorHeaderBytes + fpcr, sizeBytes: 4 };
    case 'p':
    case 'ffr':
      return undefined;
  }
}
