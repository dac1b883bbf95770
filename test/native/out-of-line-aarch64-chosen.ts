/** Instructions that are hard to carry out elsewhere, and one or two of each other kind, with the registers that decide. */
import { textOf } from '../../arch/aarch64/decode.js';
import { type Chosen, hex } from './out-of-line-machine.js';

export const code = 0x4_0000_0000n;
const site = code + 0x800n;
const data = code + 0x1_0000n;

/** In random states. */
const instructions: readonly (readonly [name: string, word: number])[] = [
  ['b .+64', 0x1400_0010],
  ['b .-64', 0x17ff_fff0],
  ['bl .+64', 0x9400_0010],
  ['bl .+4', 0x9400_0001],
  ['b.eq .+32', 0x5400_0100],
  ['b.nv .+32', 0x5400_010f],
  ['cbz x0, .+32', 0xb400_0100],
  ['cbz w0, .+32', 0x3400_0100],
  ['cbnz x0, .-32', 0xb5ff_ff00],
  ['cbnz w0, .-32', 0x35ff_ff00],
  ['cbz xzr, .+32', 0xb400_011f],
  ['cbnz wzr, .+32', 0x3500_011f],
  ['tbz x1, #63, .+32', 0xb6f8_0101],
  ['tbnz x1, #63, .+32', 0xb7f8_0101],
  ['tbz w1, #0, .+32', 0x3600_0101],
  ['tbnz wzr, #3, .+32', 0x3718_011f],
  ['adr x3, .+5', 0x3000_0023],
  ['adr xzr, .+4', 0x1000_003f],
  ['adrp x3, .+4096', 0x9000_0003],
  ['adrp x30, .-8192', 0x9000_001e],
  ['adrp xzr, .+4096', 0x9000_001f],
  ['ldr x5, .+63*1024', 0x5807_e005],
  ['ldr w5, .+63*1024+4', 0x1807_e025],
  ['ldrsw x5, .+63*1024+8', 0x9807_e045],
  ['ldr xzr, .+63*1024', 0x5807_e01f],
  ['ldr s5, .+63*1024', 0x1c07_e005],
  ['ldr d5, .+63*1024', 0x5c07_e005],
  ['ldr q5, .+63*1024', 0x9c07_e005],
  ['ldr x5, .+512*1024', 0x5840_0005],
  ['ldr q5, .+512*1024', 0x9c40_0005],
  ['ldrsw x5, .-512*1024', 0x98c0_0005],
  ['prfm pldl1keep, .+512*1024', 0xd840_0000],
  ['br x0', 0xd61f_0000],
  ['br x16', 0xd61f_0200],
  ['br x17', 0xd61f_0220],
  ['br xzr', 0xd61f_03e0],
  ['blr x0', 0xd63f_0000],
  ['blr x30', 0xd63f_03c0],
  ['blr xzr', 0xd63f_03e0],
  ['ret', 0xd65f_03c0],
  ['ret x0', 0xd65f_0000],
  ['retaa', 0xd65f_0bff],
  ['retab', 0xd65f_0fff],
  ['braaz x0', 0xd61f_081f],
  ['blraaz x0', 0xd63f_081f],
  ['braa x0, x1', 0xd71f_0801],
  ['blraa x0, x1', 0xd73f_0801],
  ['eret', 0xd69f_03e0],
  ['hvc #0', 0xd400_0002],
  ['smc #0', 0xd400_0003],
  ['brk #0', 0xd420_0000],
  ['brk #77', 0xd420_09a0],
  ['hlt #0', 0xd440_0000],
  ['udf #3', 0x0000_0003],
  ['nop', 0xd503_201f],
  ['bti', 0xd503_241f],
  ['bti c', 0xd503_245f],
  ['bti j', 0xd503_249f],
  ['bti jc', 0xd503_24df],
  ['paciasp', 0xd503_233f],
  ['pacibsp', 0xd503_237f],
  ['autiasp', 0xd503_23bf],
  ['pacia x0, x1', 0xdac1_0020],
  ['autia x0, x1', 0xdac1_1020],
  ['xpaclri', 0xd503_20ff],
  ['pacga x0, x1, x2', 0x9ac2_3020],
  ['yield', 0xd503_203f],
  ['sev', 0xd503_209f],
  ['sevl', 0xd503_20bf],
  ['wfe', 0xd503_205f],
  ['isb', 0xd503_3fdf],
  ['dsb sy', 0xd503_3f9f],
  ['dmb ish', 0xd503_3bbf],
  ['clrex', 0xd503_3f5f],
  ['csdb', 0xd503_229f],
  ['mrs x0, tpidr_el0', 0xd53b_d040],
  ['mrs x0, nzcv', 0xd53b_4200],
  ['msr nzcv, x0', 0xd51b_4200],
  ['mrs x0, fpcr', 0xd53b_4400],
  ['msr fpcr, x0', 0xd51b_4400],
  ['mrs x0, ctr_el0', 0xd53b_0020],
  ['mrs x0, dczid_el0', 0xd53b_00e0],
  ['mrs x0, midr_el1', 0xd538_0000],
  ['mrs x0, id_aa64isar0_el1', 0xd538_0600],
  ['mrs x0, ttbr0_el1', 0xd538_2000],
  ['msr daifset, #2', 0xd503_42df],
  ['dc zva, x0', 0xd50b_7420],
  ['ic ivau, x0', 0xd50b_7520],
  ['ldxr x0, [x1]', 0xc85f_7c20],
  ['stxr w0, x1, [x2]', 0xc800_7c41],
  ['ldaxp x0, x3, [x1]', 0xc87f_8c20],
  ['stlxp w0, x3, x4, [x2]', 0xc820_9043],
  ['casp x0, x1, x2, x3, [x4]', 0x4820_7c82],
  ['cas x0, x1, [x2]', 0xc8a0_7c41],
  ['ldadd x0, x1, [x2]', 0xf820_0041],
  ['swp x0, x1, [x2]', 0xf820_8041],
  ['ldr x0, [x1], #8', 0xf840_8420],
  ['str x0, [x1, #-16]!', 0xf81f_0c20],
  ['ldp q0, q1, [sp], #32', 0xacc1_07e0],
  ['stp x29, x30, [sp, #-32]!', 0xa9be_7bfd],
  ['add sp, sp, x0', 0x8b20_63ff],
  ['mov sp, x0', 0x9100_001f],
  ['adds x0, x1, x2, lsl #3', 0xab02_0c20],
  ['fadd d0, d1, d2', 0x1e62_2820],
  ['fmla v0.4s, v1.4s, v2.4s', 0x4e22_cc20],
  ['ld1w z0.s, p0/z, [x0]', 0xa540_a000],
  ['ptrue p0.b', 0x2518_e3e0],
  ['add z0.d, z1.d, z2.d', 0x04e2_0020],
  ['rdvl x0, #1', 0x04bf_5020],
  ['stg x0, [x0]', 0xd920_0800],
  ['ldg x0, [x1]', 0xd960_0020],
];

type Row = readonly [name: string, word: number, registers: Readonly<Record<string, bigint>>];

/** Where they go is in the code, in no memory, between two instructions, or has a tag. */
const targets = {
  near: site + 0x40n,
  itself: site,
  low: 0x1000n,
  odd: site + 0x42n,
  tagged: (0xa5n << 56n) | (site + 0x40n),
  upper: (1n << 63n) | (1n << 55n) | (site + 0x40n),
  middle: (1n << 50n) | (site + 0x40n),
} as const;

const branches: readonly (readonly [name: string, word: number, register: string])[] = [
  ['br x0', 0xd61f_0000, 'x0'],
  ['br x16', 0xd61f_0200, 'x16'],
  ['br x17', 0xd61f_0220, 'x17'],
  ['br x30', 0xd61f_03c0, 'x30'],
  ['blr x0', 0xd63f_0000, 'x0'],
  ['blr x17', 0xd63f_0220, 'x17'],
  ['blr x30', 0xd63f_03c0, 'x30'],
  ['ret', 0xd65f_03c0, 'x30'],
  ['ret x0', 0xd65f_0000, 'x0'],
];

/** A loop that never ends would be one to itself. */
const branchRows: readonly Row[] = branches.flatMap(([name, word, register]) =>
  Object.entries(targets)
    .filter(([kind]) => kind !== 'itself')
    .map(([kind, target]): Row => [`${name} ${kind}`, word, { [register]: target }]),
);

const testRows: readonly Row[] = [0n, 1n, 0x8000_0000n, 0x1_0000_0000n, 1n << 63n].flatMap((x0) => [
  ['cbz x0', 0xb400_0100, { x0 }] as const,
  ['cbnz w0', 0x3500_0100, { x0 }] as const,
  ['tbz w0, #31', 0x36f8_0100, { x0 }] as const,
  ['tbnz x0, #32', 0xb700_0100, { x0 }] as const,
  ['tbnz x0, #63', 0xb7f8_0100, { x0 }] as const,
]);

/** Conditions in every state of the flags, which are the upper bits of pstate. */
const conditionRows: readonly Row[] = Array.from({ length: 16 }, (_, condition) =>
  Array.from(
    { length: 16 },
    (_flags, flags): Row => [
      `condition ${condition}, flags ${flags}`,
      0x5400_0100 | condition,
      { pstate: BigInt(flags) << 28n },
    ],
  ),
).flat();

/** What `svc` leaves of BTYPE differs between CPUs: it is 0. */
const callRows: readonly Row[] = [
  ['svc, getpid', 0xd400_0001, { x8: 172n, pstate: 0n }],
  ['svc #1, getppid', 0xd400_0021, { x8: 173n, pstate: 0n }],
  ['svc, unknown', 0xd400_0001, { x8: 0xffffn, pstate: 0n }],
  ['svc, close(-1)', 0xd400_0001, { x8: 57n, x0: 0xffff_ffffn, pstate: 0n }],
  ['stack that is not aligned', 0xf940_03e0, { sp: data + 0x2008n }],
  ['load that faults', 0xf940_0020, { x1: 0x1000n }],
  ['load with write-back that faults', 0xf840_8420, { x1: 0x1000n }],
  ['store that faults', 0xf900_0020, { x1: code }],
];

function chosenOf([name, word, registers]: Row): Chosen {
  return { name, text: hex(textOf([word])), registers, stack: [] };
}

export const chosen: readonly Chosen[] = [
  ...instructions.map(([name, word]): Row => [name, word, {}]),
  ...branchRows,
  ...testRows,
  ...conditionRows,
  ...callRows,
].map(chosenOf);
