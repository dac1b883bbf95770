/** What is used of the disassembler: its package hides its own declarations from module resolution. */
declare module 'capstone-wasm' {
  export const Const: {
    readonly CS_ARCH_X86: number;
    readonly CS_ARCH_ARM: number;
    readonly CS_ARCH_ARM64: number;
    readonly CS_MODE_ARM: number;
    readonly CS_MODE_32: number;
    readonly CS_MODE_64: number;
  };

  export interface Insn {
    readonly size: number;
    readonly bytes: Uint8Array;
    readonly mnemonic: string;
    readonly opStr: string;
  }

  export class Capstone {
    constructor(arch: number, mode: number);
    disasm(data: Uint8Array, options: { address?: bigint; count?: number }): Insn[];
    close(): void;
  }

  /** Compiles the WebAssembly; again at a later call is harmless. */
  export function loadCapstone(): Promise<void>;
}
