/** The one place that knows the disassembler, which is loaded (1.7 MB) when it is first asked. */

export interface Instruction {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Mnemonic and operands, in Intel's notation. */
  readonly text: string;
}

/** The x86_64 instructions that `bytes`, found at `address`, begin with; at most `count`. */
export async function disassemble(bytes: Uint8Array, address: bigint, count: number): Promise<Instruction[]> {
  const { Capstone, Const, loadCapstone } = await import('capstone-wasm');
  await loadCapstone();
  const engine = new Capstone(Const.CS_ARCH_X86, Const.CS_MODE_64);
  try {
    // Its own addresses lose the bits above 2^53, so they are counted here.
    let next = address;
    return engine.disasm(bytes, { address, count }).map((found) => {
      const instruction = {
        address: next,
        bytes: found.bytes,
        text: `${found.mnemonic} ${found.opStr}`.trim(),
      };
      next += BigInt(found.size);
      return instruction;
    });
  } finally {
    engine.close();
  }
}
