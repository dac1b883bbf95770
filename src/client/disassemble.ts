/**
 * The one place that knows the disassembler: a package that users install when they want it, loaded (1.7 MB) when it is
 * first asked.
 */
import { ClientError, clientErrorCodes } from './client-error.js';

/** An instruction as it stands in memory. */
export interface Instruction {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Mnemonic and operands; for x86 in Intel's notation. */
  readonly text: string;
}

type Capstone = typeof import('capstone-wasm');
type Machine = readonly [arch: keyof Capstone['Const'], mode: keyof Capstone['Const'], longestBytes: number];

const machines: readonly (readonly [pattern: RegExp, machine: Machine])[] = [
  [/^(?:i386:)?x86[-_]64|^i386:x64/, ['CS_ARCH_X86', 'CS_MODE_64', 15]],
  [/^i386|^i686/, ['CS_ARCH_X86', 'CS_MODE_32', 15]],
  [/^aarch64|^arm64/, ['CS_ARCH_ARM64', 'CS_MODE_ARM', 4]],
  [/^arm/, ['CS_ARCH_ARM', 'CS_MODE_ARM', 4]],
];

/** @throws ClientError UNSUPPORTED for an architecture that is not known here */
function machineOf(architecture: string): Machine {
  const found = machines.find(([pattern]) => pattern.test(architecture));
  if (found !== undefined) return found[1];
  throw new ClientError(clientErrorCodes.UNSUPPORTED, `no disassembler for ${architecture}`);
}

/** Longest instruction. @throws ClientError UNSUPPORTED */
export function longestInstructionBytes(architecture: string): number {
  return machineOf(architecture)[2];
}

/**
 * The instructions that `bytes`, found at `address`, begin with; at most `count`.
 * @param architecture as target descriptions name it: `i386:x86-64`, `aarch64`
 * @throws ClientError UNSUPPORTED
 */
export async function disassemble(
  bytes: Uint8Array,
  address: bigint,
  count: number,
  architecture: string,
): Promise<Instruction[]> {
  const [arch, mode] = machineOf(architecture);
  const { Capstone, Const, loadCapstone } = await loadPackage();
  await loadCapstone();
  const engine = new Capstone(Const[arch], Const[mode]);
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

async function loadPackage(): Promise<Capstone> {
  try {
    return await import('capstone-wasm');
  } catch (error) {
    const message = 'disassembly needs the package capstone-wasm: npm install capstone-wasm';
    throw new ClientError(clientErrorCodes.UNSUPPORTED, message, { cause: error });
  }
}
