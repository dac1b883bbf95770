/** Facts of aarch64 machines as the kernel tells them. */
import type { MachineFacts } from '../../../arch/module.js';

/** <asm/hwcap.h> */
const hwcap = { sve: 1n << 22n, paca: 1n << 30n, gcs: 1n << 32n };
const hwcap2 = { mte: 1n << 18n, sme: 1n << 23n, sme2: 1n << 37n, fpmr: 1n << 48n };

function machine(facts: Partial<MachineFacts>): MachineFacts {
  return {
    machine: 'aarch64',
    hwcap: 0n,
    hwcap2: 0n,
    xsave: undefined,
    vectorBytes: 0,
    streamingVectorBytes: 0,
    breakpointSlots: 6,
    watchpointSlots: 4,
    ...facts,
  };
}

export const machines = {
  plain: machine({}),
  'SVE, PAuth, MTE': machine({ hwcap: hwcap.sve | hwcap.paca, hwcap2: hwcap2.mte, vectorBytes: 64 }),
  'SVE, SME2': machine({
    hwcap: hwcap.sve | hwcap.paca,
    hwcap2: hwcap2.mte | hwcap2.sme | hwcap2.sme2,
    vectorBytes: 32,
    streamingVectorBytes: 16,
  }),
  everything: machine({
    hwcap: hwcap.sve | hwcap.paca | hwcap.gcs,
    hwcap2: hwcap2.mte | hwcap2.sme | hwcap2.sme2 | hwcap2.fpmr,
    vectorBytes: 16,
    streamingVectorBytes: 32,
  }),
} as const satisfies Readonly<Record<string, MachineFacts>>;

export type MachineName = keyof typeof machines;
