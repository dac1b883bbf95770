/**
 * The XSAVE area: Intel SDM volume 1, chapter 13. A legacy part of 512 bytes (the FXSAVE area), a header, then one
 * block for each state component at the place that CPUID names: it differs between vendors.
 *
 * A component whose bit in XSTATE_BV is clear is in its initial state and its bytes mean nothing. Without XSAVE the
 * regset is the legacy part alone; it has no header and every component is in use.
 */
import type { XsaveFacts } from '../module.js';

/** State component numbers: bits of XCR0 and XSTATE_BV. */
export const component = {
  x87: 0,
  sse: 1,
  avx: 2,
  opmask: 5,
  zmmUpper: 6,
  zmmHigh16: 7,
  pkru: 9,
} as const;

export type Component = (typeof component)[keyof typeof component];

/** Values of the registers whose initial state is not zero. */
export const initialControlWord = 0x037f;
export const initialTagWord = 0xffff;
export const initialMxcsr = 0x1f80;

const mxcsrOffset = 24;
const mxcsrMaskOffset = 28;
/** What FXSAVE's mxcsr_mask of 0 means, SDM volume 1, 11.6.6. */
const defaultMxcsrMask = 0xffbf;
const stateBitsOffset = 512;
const headerEnd = 576;
/** MXCSR belongs to both SSE and AVX. */
export const mxcsrOwners = [component.sse, component.avx] as const;

interface Extent {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** In the legacy part, around MXCSR. */
const legacyExtents: ReadonlyMap<number, readonly Extent[]> = new Map([
  [
    component.x87,
    [
      { offset: 0, sizeBytes: 24 },
      { offset: 32, sizeBytes: 128 },
    ],
  ],
  [component.sse, [{ offset: 160, sizeBytes: 256 }]],
]);

function viewOf(set: Uint8Array): DataView {
  return new DataView(set.buffer, set.byteOffset, set.byteLength);
}

/** Bits of MXCSR that may be set on this CPU; the kernel refuses a set with any other. */
export function writableMxcsrBits(set: Uint8Array): number {
  return viewOf(set).getUint32(mxcsrMaskOffset, true) || defaultMxcsrMask;
}

/** Where the state components of one machine lie in the regset that holds them. */
export class XsaveLayout {
  readonly #extents: ReadonlyMap<number, readonly Extent[]>;
  readonly #hasHeader: boolean;

  constructor(facts: XsaveFacts | undefined) {
    this.#hasHeader = (facts?.sizeBytes ?? 0) >= headerEnd;
    const extents = new Map(legacyExtents);
    const { xcr0 = 0n, sizeBytes: areaBytes = 0, components = [] } = facts ?? {};
    for (const { index, offset, sizeBytes } of components) {
      const isEnabled = ((xcr0 >> BigInt(index)) & 1n) === 1n;
      if (isEnabled && offset + sizeBytes <= areaBytes) extents.set(index, [{ offset, sizeBytes }]);
    }
    this.#extents = extents;
  }

  /** Whether the machine has the component. */
  has(index: Component): boolean {
    return this.#extents.has(index);
  }

  /** What offsets of a component's registers are relative to: for the legacy components the set itself. */
  baseOf(index: Component): number {
    if (legacyExtents.has(index)) return 0;
    return this.#extents.get(index)?.[0]?.offset ?? 0;
  }

  /** Whether all `owners` are in their initial state. */
  isInitial(set: Uint8Array, owners: readonly Component[]): boolean {
    if (!this.#hasHeader || set.length < headerEnd) return false;
    const bits = viewOf(set).getBigUint64(stateBitsOffset, true);
    return owners.every((owner) => ((bits >> BigInt(owner)) & 1n) === 0n);
  }

  /** Takes a component out of its initial state: sets its bit, and its bytes to what they meant until now. */
  activate(set: Uint8Array, index: Component): void {
    const view = viewOf(set);
    for (const { offset, sizeBytes } of this.#extents.get(index) ?? [])
      set.fill(0, offset, offset + sizeBytes);
    if (index === component.x87) view.setUint16(0, initialControlWord, true);
    // The kernel copies MXCSR along with any of these three.
    const carriesMxcsr = index === component.x87 || mxcsrOwners.some((owner) => owner === index);
    if (carriesMxcsr && this.isInitial(set, mxcsrOwners)) view.setUint32(mxcsrOffset, initialMxcsr, true);
    view.setBigUint64(
      stateBitsOffset,
      view.getBigUint64(stateBitsOffset, true) | (1n << BigInt(index)),
      true,
    );
  }
}
