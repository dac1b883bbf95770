/** Hardware breakpoints and watchpoints, and the debug registers that serve them. */

/** A hardware breakpoint or watchpoint as a client asks for it. */
export interface HardwarePoint {
  readonly kind: 'execute' | 'write' | 'read' | 'access';
  readonly address: bigint;
  /** Bytes watched; 1 for 'execute'. */
  readonly lengthBytes: number;
}

/** One store into a thread's debug registers: a word of the user area (PTRACE_POKEUSER) or a whole regset. */
export type DebugStore =
  | { readonly kind: 'user'; readonly offset: number; readonly value: bigint }
  | { readonly kind: 'regset'; readonly noteType: number; readonly bytes: Uint8Array };

/** What the debug registers of every thread of a process must hold. */
export interface DebugImage {
  /** For each hardware slot the point that it serves, or undefined when it is free. */
  readonly slots: readonly (HardwarePoint | undefined)[];
}

/** How a hit is known: one bit for each slot in the end, the lowest for the first. */
export type DebugHits =
  /** By a register of the user area that has these bits, and that is to be cleared with 0 afterwards. */
  | { readonly kind: 'status'; readonly offset: number }
  /** By the address in the signal's information, which may lie outside of what is watched: the nearest point was hit. */
  | { readonly kind: 'address'; readonly sets: readonly DebugSet[] };

/** A regset with debug registers: each has a control word, of which 0 switches it off. */
export interface DebugSet {
  readonly noteType: number;
  /** Of breakpoints; else of watchpoints. */
  readonly isExecuted: boolean;
  /** Of the first one's control word, and from each to the next. */
  readonly controlOffset: number;
  readonly strideBytes: number;
}

export interface DebugRegisters {
  /** The image of no points at all: everything off. */
  readonly none: DebugImage;
  /**
   * Whether a write is done when its trap comes. If not, no point lets the thread past the instruction that it has trapped
   * at while it is there.
   */
  readonly trapsAfterWrite: boolean;
  /** Slots that watchpoints may have. */
  readonly watchpointSlots: number;
  /** Whether the machine knows this kind of point at all (x86 has no read-only watchpoint). */
  supports(kind: HardwarePoint['kind']): boolean;
  /** The image that serves all points, or undefined when they do not fit into the slots. Equal points share slots. */
  allocate(points: readonly HardwarePoint[]): DebugImage | undefined;
  /** What turns one image of these debug registers into another, in the order in which it must be stored. */
  stores(from: DebugImage, to: DebugImage): readonly DebugStore[];
  readonly hits: DebugHits;
}
