/** DWARF expressions as call frame information has them: stack machines over registers and memory. DWARF 5 section 2.5. */
import { ByteReader } from './byte-reader.js';

/** What is known of a frame: registers by DWARF number, and memory. undefined: not known. */
export interface FrameContext {
  register(number: number): bigint | undefined;
  /** A word of so many bytes, unsigned. */
  memory(address: bigint, lengthBytes: number): bigint | undefined;
  readonly addressBytes: 4 | 8;
}

const farthestSteps = 10_000;

type Binary = (a: bigint, b: bigint) => bigint;
type Compare = (a: bigint, b: bigint) => boolean;

/** `second` is below the top: operands in the order of the source text. */
const binary: Readonly<Record<number, Binary>> = {
  26: (a, b) => a & b,
  28: (a, b) => a - b,
  30: (a, b) => a * b,
  33: (a, b) => a | b,
  34: (a, b) => a + b,
  36: (a, b) => (b < 64n ? a << b : 0n),
  39: (a, b) => a ^ b,
};

const comparisons: Readonly<Record<number, Compare>> = {
  41: (a, b) => a === b,
  42: (a, b) => a >= b,
  43: (a, b) => a > b,
  44: (a, b) => a <= b,
  45: (a, b) => a < b,
  46: (a, b) => a !== b,
};

/** @returns undefined: something that it needs is not known. @throws RangeError: an operation is unknown */
export function evaluate(
  expression: Uint8Array,
  context: FrameContext,
  initial?: bigint,
): bigint | undefined {
  const machine = new StackMachine(expression, context);
  if (initial !== undefined) machine.push(initial);
  return machine.run() ? machine.pop() : undefined;
}

class StackMachine {
  readonly #reader: ByteReader;
  readonly #context: FrameContext;
  readonly #bits: number;
  readonly #stack: bigint[] = [];

  constructor(expression: Uint8Array, context: FrameContext) {
    this.#reader = new ByteReader(expression);
    this.#context = context;
    this.#bits = context.addressBytes * 8;
  }

  push(value: bigint): true {
    this.#stack.push(BigInt.asUintN(this.#bits, value));
    return true;
  }

  pop(): bigint {
    const value = this.#stack.pop();
    if (value === undefined) throw new RangeError('the stack of an expression is empty');
    return value;
  }

  /** False: something is not known. */
  run(): boolean {
    for (let steps = 0; !this.#reader.isAtEnd; steps++) {
      if (steps > farthestSteps) throw new RangeError('an expression does not end');
      if (!this.#step(this.#reader.unsigned(1))) return false;
    }
    return true;
  }

  #step(operation: number): boolean {
    const reader = this.#reader;
    if (operation >= 0x30 && operation <= 0x4f) return this.push(BigInt(operation - 0x30));
    if (operation >= 0x70 && operation <= 0x8f) return this.#based(operation - 0x70);
    if (binary[operation] !== undefined || comparisons[operation] !== undefined)
      return this.#combine(operation);
    switch (operation) {
      case 0x03: // addr
        return this.push(reader.word(this.#context.addressBytes));
      case 0x06: // deref
        return this.#load(this.#context.addressBytes);
      case 0x08: // const1u, const1s and so on, up to 8 bytes
      case 0x0a:
      case 0x0c:
        return this.push(BigInt(reader.unsigned(2 ** ((operation - 8) / 2))));
      case 0x09:
      case 0x0b:
      case 0x0d:
        return this.push(BigInt(reader.signed(2 ** ((operation - 9) / 2))));
      case 0x0e:
      case 0x0f:
        return this.push(reader.word(8));
      case 0x10: // constu
        return this.push(reader.uleb());
      case 0x11: // consts
        return this.push(reader.sleb());
      case 0x12: // dup
        return this.#pick(0);
      case 0x13: // drop
        this.pop();
        return true;
      case 0x14: // over
        return this.#pick(1);
      case 0x15: // pick
        return this.#pick(reader.unsigned(1));
      case 0x16: // swap
        return this.#swap();
      case 0x19: // abs
        return this.#absolute();
      case 0x1b: // div, signed
        return this.#divide();
      case 0x1d: // mod
        return this.#remainder();
      case 0x1f: // neg
        return this.push(-this.pop());
      case 0x20: // not
        return this.push(~this.pop());
      case 0x23: // plus_uconst
        return this.push(this.pop() + reader.uleb());
      case 0x25: // shr
        return this.#shiftRight((value) => value);
      case 0x26: // shra
        return this.#shiftRight((value) => BigInt.asIntN(this.#bits, value));
      case 0x28: // bra
        return this.#branch(reader.signed(2), this.pop() !== 0n);
      case 0x2f: // skip
        return this.#branch(reader.signed(2), true);
      case 0x92: // bregx
        return this.#based(Number(reader.uleb()));
      case 0x94: // deref_size
        return this.#load(reader.unsigned(1));
      case 0x96: // nop
        return true;
      default:
        throw new RangeError(`operation 0x${operation.toString(16)} is unknown`);
    }
  }

  #based(register: number): boolean {
    const base = this.#context.register(register);
    const offset = this.#reader.sleb();
    return base !== undefined && this.push(base + offset);
  }

  #load(lengthBytes: number): boolean {
    const value = this.#context.memory(this.pop(), lengthBytes);
    return value !== undefined && this.push(value);
  }

  #pick(depth: number): boolean {
    const value = this.#stack.at(-1 - depth);
    if (value === undefined) throw new RangeError('the stack of an expression is not that deep');
    return this.push(value);
  }

  #swap(): boolean {
    const [top, next] = [this.pop(), this.pop()];
    return this.push(top) && this.push(next);
  }

  #combine(operation: number): boolean {
    const [b, a] = [this.pop(), this.pop()];
    const compare = comparisons[operation];
    if (compare === undefined) return this.push(binary[operation]?.(a, b) ?? 0n);
    const signed = (value: bigint) => BigInt.asIntN(this.#bits, value);
    return this.push(compare(signed(a), signed(b)) ? 1n : 0n);
  }

  #absolute(): boolean {
    const value = BigInt.asIntN(this.#bits, this.pop());
    return this.push(value < 0n ? -value : value);
  }

  #divide(): boolean {
    const [b, a] = [this.pop(), this.pop()].map((value) => BigInt.asIntN(this.#bits, value)) as [
      bigint,
      bigint,
    ];
    if (b === 0n) throw new RangeError('an expression divides by 0');
    return this.push(a / b);
  }

  #remainder(): boolean {
    const [b, a] = [this.pop(), this.pop()];
    if (b === 0n) throw new RangeError('an expression divides by 0');
    return this.push(a % b);
  }

  #shiftRight(read: (value: bigint) => bigint): boolean {
    const [by, value] = [this.pop(), this.pop()];
    return this.push(read(value) >> (by < 64n ? by : 63n));
  }

  #branch(by: number, isTaken: boolean): boolean {
    if (isTaken) this.#reader.position += by;
    return true;
  }
}
