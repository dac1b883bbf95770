/**
 * Which general registers and flags an instruction reads and writes, for those that stand between a load-exclusive and
 * its store. Source: Arm ARM C4.1 "A64 instruction set encoding".
 */
import { decode, zeroRegister } from './decode.js';

/** Sets of bits: one for each general register by its number, and one for the condition flags. */
export interface RegisterUse {
  readonly read: bigint;
  readonly written: bigint;
}

const flags = 1n << 32n;

function field(word: number, high: number, low: number): number {
  return (word >>> low) & (2 ** (high - low + 1) - 1);
}

/** The register in a field; number 31 counts as none. */
function register(word: number, low: number): bigint {
  const number = field(word, low + 4, low);
  return number === zeroRegister ? 0n : 1n << BigInt(number);
}

const destination = (word: number): bigint => register(word, 0);
const first = (word: number): bigint => register(word, 5);
const third = (word: number): bigint => register(word, 10);
const second = (word: number): bigint => register(word, 16);

function when(condition: boolean, set: bigint): bigint {
  return condition ? set : 0n;
}

/** Data processing with an immediate: bits 28:26 are 100. */
function withImmediate(word: number): RegisterUse | undefined {
  const operation = field(word, 30, 29);
  switch (field(word, 25, 23)) {
    case 2: {
      const setsFlags = field(word, 29, 29) === 1;
      // Number 31 is the stack pointer, which is nobody's scratch register.
      if (!setsFlags && field(word, 4, 0) === zeroRegister) return undefined;
      return { read: first(word), written: destination(word) | when(setsFlags, flags) };
    }
    case 4: {
      const setsFlags = operation === 3;
      if (!setsFlags && field(word, 4, 0) === zeroRegister) return undefined;
      return { read: first(word), written: destination(word) | when(setsFlags, flags) };
    }
    case 5:
      return { read: when(operation === 3, destination(word)), written: destination(word) };
    case 6:
      return { read: first(word) | when(operation === 1, destination(word)), written: destination(word) };
    case 7:
      if (operation !== 0) return undefined;
      return { read: first(word) | second(word), written: destination(word) };
    default:
      return undefined;
  }
}

/** Data processing of registers: bits 27:25 are 101. */
function ofRegisters(word: number): RegisterUse | undefined {
  const setsFlags = field(word, 29, 29) === 1;
  const written = destination(word);
  const two = first(word) | second(word);
  if (field(word, 28, 28) === 0) {
    const isLogical = field(word, 24, 24) === 0;
    const isFlagged = isLogical ? field(word, 30, 29) === 3 : setsFlags;
    // In the extended form number 31 is the stack pointer.
    const isExtended = !isLogical && field(word, 21, 21) === 1;
    if (isExtended && !isFlagged && field(word, 4, 0) === zeroRegister) return undefined;
    return { read: two, written: written | when(isFlagged, flags) };
  }
  if (field(word, 24, 24) === 1)
    return field(word, 30, 29) === 0 ? { read: two | third(word), written } : undefined;
  switch (field(word, 23, 21)) {
    case 0:
      if (field(word, 15, 10) !== 0) return undefined;
      return { read: two | flags, written: written | when(setsFlags, flags) };
    case 2: {
      const isImmediate = field(word, 11, 11) === 1;
      return { read: first(word) | flags | when(!isImmediate, second(word)), written: flags };
    }
    case 4:
      return setsFlags ? undefined : { read: two | flags, written };
    case 6:
      if (setsFlags) return undefined;
      if (field(word, 30, 30) === 0) return { read: two, written };
      // RBIT, REV, CLZ and their like; pointer authentication has another number in the second field.
      return field(word, 20, 16) === 0 ? { read: first(word), written } : undefined;
    default:
      return undefined;
  }
}

/** undefined: not known here. */
export function registersOf(word: number): RegisterUse | undefined {
  const instruction = decode(word);
  switch (instruction.kind) {
    case 'nop':
      return { read: 0n, written: 0n };
    case 'conditional':
      return { read: flags, written: 0n };
    case 'test':
      return { read: register(word, 0), written: 0n };
    case 'compare':
      return { read: register(word, 0) | when(field(word, 24, 24) === 0, second(word)), written: 0n };
    case 'load-exclusive': {
      const isPair = field(word, 21, 21) === 1;
      return { read: first(word), written: destination(word) | when(isPair, third(word)) };
    }
    case 'plain':
      if (field(word, 28, 26) === 4) return withImmediate(word);
      return field(word, 27, 25) === 5 ? ofRegisters(word) : undefined;
    default:
      return undefined;
  }
}
