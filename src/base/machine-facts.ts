/** What an architecture has to know of the machine that it runs on. */

/** What XSAVE keeps on an x86 CPU. */
export interface XsaveFacts {
  /** XCR0, or 0n where the CPU has no XSAVE. */
  readonly xcr0: bigint;
  /** CPUID(0xD, 0).EBX: bytes of the XSAVE area for the features enabled in XCR0. */
  readonly sizeBytes: number;
  /** CPUID(0xD, n): where each component lies in the standard (uncompacted) area. Index = component number. */
  readonly components: readonly {
    readonly index: number;
    readonly offset: number;
    readonly sizeBytes: number;
  }[];
}

/** Facts about this machine that decide which registers there are; read at run time, never assumed. */
export interface MachineFacts {
  /** `machine` of uname(2). */
  readonly machine: string;
  /** AT_HWCAP and AT_HWCAP2, getauxval(3). */
  readonly hwcap: bigint;
  readonly hwcap2: bigint;
  /** Undefined on machines that are no x86. */
  readonly xsave: XsaveFacts | undefined;
  /** Bytes of a scalable vector, and of a streaming one, in new programs (PR_SVE_GET_VL, PR_SME_GET_VL); 0: there are none. */
  readonly vectorBytes: number;
  readonly streamingVectorBytes: number;
  /** Debug registers, where the machine tells how many there are; else 0. */
  readonly breakpointSlots: number;
  readonly watchpointSlots: number;
}
