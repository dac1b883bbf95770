/** A second evaluator of agent expressions, in another style, to compare the native one with. */
import { immediateSize, type OpName, opcodes } from '../support/agent-program.js';

export interface Machine {
  readonly register: (number: number) => bigint | undefined;
  /** Little-endian; undefined: not readable. */
  readonly memory: (address: bigint, sizeBytes: number) => bigint | undefined;
}

export type Result = { readonly value: bigint | undefined } | 'error';

const names = new Map(Object.entries(opcodes).map(([name, code]) => [code as number, name as OpName]));
const most = 100_000;

class Failure extends Error {}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

function nonZero(value: bigint): bigint {
  if (value === 0n) throw new Failure('division by zero');
  return value;
}

const binary: Partial<Record<OpName, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div_signed: (a, b) => signed(a) / signed(nonZero(b)),
  div_unsigned: (a, b) => a / nonZero(b),
  rem_signed: (a, b) => signed(a) % signed(nonZero(b)),
  rem_unsigned: (a, b) => a % nonZero(b),
  lsh: (a, b) => (b < 64n ? a << b : 0n),
  rsh_signed: (a, b) => signed(a) >> (b < 64n ? b : 63n),
  rsh_unsigned: (a, b) => (b < 64n ? a >> b : 0n),
  bit_and: (a, b) => a & b,
  bit_or: (a, b) => a | b,
  bit_xor: (a, b) => a ^ b,
  equal: (a, b) => BigInt(a === b),
  less_signed: (a, b) => BigInt(signed(a) < signed(b)),
  less_unsigned: (a, b) => BigInt(a < b),
};

const unary: Partial<Record<OpName, (a: bigint, immediate: bigint) => bigint>> = {
  log_not: (a) => BigInt(a === 0n),
  bit_not: (a) => ~a,
  ext: (a, bits) => BigInt.asIntN(Number(bits < 64n ? bits : 64n), a),
  zero_ext: (a, bits) => BigInt.asUintN(Number(bits < 64n ? bits : 64n), a),
};

const loads: Partial<Record<OpName, number>> = { ref8: 1, ref16: 2, ref32: 4, ref64: 8 };

class Reference {
  readonly #stack: bigint[] = [];
  readonly #machine: Machine;
  #at = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  run(bytes: Uint8Array): bigint | undefined {
    for (let count = 0; count < most; count++) {
      const op = names.get(bytes[this.#at] ?? -1);
      if (op === undefined) throw new Failure('no instruction');
      if (op === 'end') return this.#stack.at(-1);
      const size = immediateSize(op);
      let immediate = 0n;
      for (const byte of bytes.subarray(this.#at + 1, this.#at + 1 + size))
        immediate = (immediate << 8n) | BigInt(byte);
      this.#at += 1 + size;
      this.#step(op, immediate);
    }
    throw new Failure('endless');
  }

  #step(op: OpName, immediate: bigint): void {
    const two = binary[op];
    const one = unary[op];
    const size = loads[op];
    if (two !== undefined) {
      const b = this.#pop();
      this.#push(two(this.#pop(), b));
    } else if (one !== undefined) this.#push(one(this.#pop(), immediate));
    else if (size !== undefined) this.#push(this.#known(this.#machine.memory(this.#pop(), size)));
    else if (op.startsWith('const')) this.#push(immediate);
    else if (op === 'reg') this.#push(this.#known(this.#machine.register(Number(immediate))));
    else this.#move(op, Number(immediate));
  }

  #move(op: OpName, immediate: number): void {
    switch (op) {
      case 'goto':
        this.#at = immediate;
        break;
      case 'if_goto':
        if (this.#pop() !== 0n) this.#at = immediate;
        break;
      case 'dup':
        this.#push(this.#known(this.#stack.at(-1)));
        break;
      case 'pick':
        this.#push(this.#known(this.#stack.at(-1 - immediate)));
        break;
      case 'pop':
        this.#pop();
        break;
      case 'swap':
        this.#insertTop(1);
        break;
      case 'rot':
        this.#insertTop(2);
        break;
      default:
        throw new Error(`the reference does not know ${op}`);
    }
  }

  /** Puts the top below the next `count` words. */
  #insertTop(count: number): void {
    if (this.#stack.length <= count) throw new Failure('underflow');
    const top = this.#pop();
    this.#stack.splice(-count, 0, top);
  }

  #pop(): bigint {
    return this.#known(this.#stack.pop());
  }

  #push(value: bigint): void {
    if (this.#stack.length === 100) throw new Failure('overflow');
    this.#stack.push(unsigned(value));
  }

  #known(value: bigint | undefined): bigint {
    if (value === undefined) throw new Failure('nothing there');
    return value;
  }
}

export function evaluateByReference(machine: Machine, bytes: Uint8Array): Result {
  try {
    return { value: new Reference(machine).run(bytes) };
  } catch (error) {
    if (error instanceof Failure) return 'error';
    throw error;
  }
}
