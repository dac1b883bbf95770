/** What is known of a thread: its thread pointer and the architecture's variant of the ABI. */
export interface ThreadPointer {
  /** Value of the thread pointer register; 0n before the program has set it. */
  readonly value: bigint;
  /** Where glibc keeps the address of the DTV, from the thread pointer on. */
  readonly dtvOffset: number;
  /** 1: blocks lie above the thread pointer (aarch64); 2: below (x86). */
  readonly variant: 1 | 2;
}
