/** What the tables of registers say of one register, and what is the same for all x86 programs. */
import type { DescribedRegister } from '../target-description.js';
import type { FeatureKey } from './features.js';
import type { Component } from './xsave.js';

/** Where the bytes of a register are kept. */
export type Storage =
  /** A slot of the general regset. */
  | { readonly kind: 'general'; readonly offset: number }
  /** In the state regset. All owners initial: the value is `initial`. The first owner is activated by a write. */
  | {
      readonly kind: 'state';
      readonly owners: readonly [Component, ...Component[]];
      /** From the start of the first owner's block; in the legacy part from the start of the set. */
      readonly offset: number;
      /** May be less than the register has: the rest reads as zero. */
      readonly sizeBytes: number;
      readonly initial: number;
      /** Kept in another form than clients see. */
      readonly form: 'plain' | 'abridged-tags';
    };

export interface RegisterRow extends DescribedRegister<FeatureKey> {
  readonly storage: Storage;
  /** Bits that a write changes; the kernel keeps the others as they are. Default: all. */
  readonly writableBits?: bigint;
  /** Whether the kernel takes the value. Default: any. `set`: the regset that holds the register. */
  readonly accepts?: (value: bigint, set: Uint8Array) => boolean;
}

export type Details = Omit<RegisterRow, 'name' | 'feature' | 'bits' | 'type' | 'storage'>;

/** X86_EFLAGS_*: CF PF AF ZF SF TF DF OF NT RF AC, what the kernel's ptrace lets a tracer change. */
export const writableFlags = 0x54dd5n;

/** The kernel takes selectors of user segments; cs and ss cannot be empty. */
export function acceptsSelector(mayBeNull: boolean): (value: bigint) => boolean {
  return (value) => (value === 0n ? mayBeNull : (value & 3n) === 3n) && value <= 0xffffn;
}

export interface Block {
  readonly count: number;
  readonly feature: FeatureKey;
  readonly bits: number;
  readonly type: string;
  readonly owner: Component;
  /** Of the first register, and from one to the next. */
  readonly offset: number;
  readonly strideBytes: number;
  readonly group: 'float' | 'vector';
  readonly firstDwarf?: number;
}

/** Registers of one kind that lie at equal distances. */
export function block(nameOf: (index: number) => string, shape: Block): RegisterRow[] {
  const { count, feature, bits, type, owner, offset, strideBytes, group, firstDwarf } = shape;
  return Array.from({ length: count }, (_, index) => ({
    name: nameOf(index),
    feature,
    bits,
    type,
    group,
    storage: {
      kind: 'state',
      owners: [owner],
      offset: offset + index * strideBytes,
      sizeBytes: bits / 8,
      initial: 0,
      form: 'plain',
    },
    ...(firstDwarf === undefined ? {} : { dwarf: firstDwarf + index }),
  }));
}
