/** Facts of machines as CPUID gives them, and regsets to read and write, held in memory. */
import type { MachineFacts, XsaveFacts } from '../../../arch/module.js';

export { bytesOf, MemoryRegsets, numberOf } from '../memory-regsets.js';

function component(index: number, offset: number, sizeBytes: number): XsaveFacts['components'][number] {
  return { index, offset, sizeBytes };
}

function machine(xcr0: bigint, sizeBytes: number, components: XsaveFacts['components']): MachineFacts {
  const xsave = { xcr0, sizeBytes, components };
  const slots = { breakpointSlots: 0, watchpointSlots: 0 };
  const vectors = { vectorBytes: 0, streamingVectorBytes: 0 };
  return { machine: 'x86_64', hwcap: 0n, hwcap2: 0n, xsave, ...vectors, ...slots };
}

const avx = component(2, 576, 256);

export const machines = {
  'no XSAVE': machine(0n, 0, []),
  SSE: machine(0x3n, 576, []),
  AVX: machine(0x7n, 832, [avx]),
  /** Behind a gap where MPX was. */
  'AVX-512, PKRU (Intel)': machine(0x2e7n, 2696, [
    avx,
    component(5, 1088, 64),
    component(6, 1152, 512),
    component(7, 1664, 1024),
    component(9, 2688, 8),
  ]),
  'AVX-512, PKRU (AMD)': machine(0x2e7n, 2440, [
    avx,
    component(5, 832, 64),
    component(6, 896, 512),
    component(7, 1408, 1024),
    component(9, 2432, 8),
  ]),
} as const satisfies Readonly<Record<string, MachineFacts>>;

export type MachineName = keyof typeof machines;

export const stateBitsOffset = 512;
