/** Agent expressions for tests: the opcodes of GDB's manual by name, and an assembler. */
export const opcodes = {
  add: 0x02,
  sub: 0x03,
  mul: 0x04,
  div_signed: 0x05,
  div_unsigned: 0x06,
  rem_signed: 0x07,
  rem_unsigned: 0x08,
  lsh: 0x09,
  rsh_signed: 0x0a,
  rsh_unsigned: 0x0b,
  trace: 0x0c,
  trace_quick: 0x0d,
  log_not: 0x0e,
  bit_and: 0x0f,
  bit_or: 0x10,
  bit_xor: 0x11,
  bit_not: 0x12,
  equal: 0x13,
  less_signed: 0x14,
  less_unsigned: 0x15,
  ext: 0x16,
  ref8: 0x17,
  ref16: 0x18,
  ref32: 0x19,
  ref64: 0x1a,
  if_goto: 0x20,
  goto: 0x21,
  const8: 0x22,
  const16: 0x23,
  const32: 0x24,
  const64: 0x25,
  reg: 0x26,
  end: 0x27,
  dup: 0x28,
  pop: 0x29,
  zero_ext: 0x2a,
  swap: 0x2b,
  getv: 0x2c,
  setv: 0x2d,
  tracev: 0x2e,
  tracenz: 0x2f,
  trace16: 0x30,
  pick: 0x32,
  rot: 0x33,
} as const;

export type OpName = keyof typeof opcodes;

const immediateBytes: Partial<Record<OpName, number>> = {
  trace_quick: 1,
  ext: 1,
  const8: 1,
  zero_ext: 1,
  pick: 1,
  if_goto: 2,
  goto: 2,
  const16: 2,
  reg: 2,
  getv: 2,
  setv: 2,
  tracev: 2,
  trace16: 2,
  const32: 4,
  const64: 8,
};

/** An opcode, or one with its immediate. */
export type Instruction = OpName | readonly [OpName, bigint | number];

export function immediateSize(op: OpName): number {
  return immediateBytes[op] ?? 0;
}

/** Bytecode; `end` is appended. */
export function program(...instructions: readonly Instruction[]): Uint8Array {
  const bytes = instructions.flatMap((instruction) => {
    const [op, immediate] = typeof instruction === 'string' ? [instruction, 0] : instruction;
    return [opcodes[op], ...bigEndian(BigInt(immediate), immediateSize(op))];
  });
  return Uint8Array.of(...bytes, opcodes.end);
}

/** The program that prints; `args` as instructions that push the first argument last. */
export function printing(format: string, ...args: readonly Instruction[]): Uint8Array {
  const text = [...new TextEncoder().encode(format), 0];
  const pushes = [...program(...[...args].reverse(), ['const8', 0], ['const8', 0])].slice(0, -1);
  return Uint8Array.of(...pushes, 0x34, args.length, ...bigEndian(BigInt(text.length), 2), ...text, 0x27);
}

function bigEndian(value: bigint, sizeBytes: number): number[] {
  return Array.from({ length: sizeBytes }, (_, index) =>
    Number((value >> BigInt(8 * (sizeBytes - 1 - index))) & 0xffn),
  );
}
