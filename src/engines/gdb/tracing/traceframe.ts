/**
 * What was collected at one hit or step, in the layout of a trace file ("Trace File Format" in the GDB manual), in
 * target byte order: number of the tracepoint (2 bytes), length of the blocks (4), then blocks:
 *
 *     R  every register of the target description, by number: more than a g packet has, but the length that GDB
 *        expects in a file
 *     M  address (8), length (2), bytes
 *     V  number of a trace state variable (4), value (8)
 */
import type { Register, RegisterFile } from '../../../../arch/module.js';
import type { Address } from '../../../base/ids.js';

export type TraceBlock =
  | { readonly kind: 'registers'; readonly bytes: Uint8Array }
  | { readonly kind: 'memory'; readonly address: bigint; readonly bytes: Uint8Array }
  | { readonly kind: 'variable'; readonly number: number; readonly value: bigint };

const headerBytes = 6;
const memoryHeaderBytes = 10;
const variableBytes = 12;
const longestBlockBytes = 0xffff;
const letters = { registers: 0x52, memory: 0x4d, variable: 0x56 } as const;

export class Traceframe {
  readonly tracepoint: number;
  /** Where the thread was, collected or not. */
  readonly pc: Address;
  /** The frame as it is uploaded. */
  readonly bytes: Uint8Array;
  readonly #registersLengthBytes: number;

  constructor(tracepoint: number, pc: Address, blocks: readonly TraceBlock[]) {
    this.tracepoint = tracepoint;
    this.pc = pc;
    this.bytes = encodeFrame(tracepoint, blocks.flatMap(splitMemory));
    this.#registersLengthBytes = blocks.find((block) => block.kind === 'registers')?.bytes.length ?? 0;
  }

  /** Length without the header. */
  get usageBytes(): number {
    return this.bytes.length - headerBytes;
  }

  *blocks(): Iterable<TraceBlock> {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    for (let at = headerBytes; at < this.bytes.length; ) {
      const letter = this.bytes[at];
      at += 1;
      if (letter === letters.memory) {
        const lengthBytes = view.getUint16(at + 8, true);
        const start = at + memoryHeaderBytes;
        const bytes = this.bytes.subarray(start, start + lengthBytes);
        yield { kind: 'memory', address: view.getBigUint64(at, true), bytes };
        at = start + lengthBytes;
      } else if (letter === letters.variable) {
        yield { kind: 'variable', number: view.getUint32(at, true), value: view.getBigInt64(at + 4, true) };
        at += variableBytes;
      } else {
        yield { kind: 'registers', bytes: this.bytes.subarray(at, at + this.#registersLengthBytes) };
        at += this.#registersLengthBytes;
      }
    }
  }

  /** Value in target byte order; undefined: not collected. The pc is known without. */
  readRegister(file: RegisterFile, register: Register): Uint8Array | undefined {
    for (const block of this.blocks()) {
      if (block.kind !== 'registers') continue;
      const offset = offsetInBlock(file, register);
      return block.bytes.subarray(offset, offset + register.bits / 8);
    }
    if (register.role !== 'pc') return undefined;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, this.pc, true);
    return bytes.subarray(0, register.bits / 8);
  }

  /** What the first block that holds the first byte has of the range; undefined: that byte was not collected. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array | undefined {
    for (const block of this.blocks()) {
      if (block.kind !== 'memory' || address < block.address) continue;
      const offset = address - block.address;
      if (offset < BigInt(block.bytes.length))
        return block.bytes.subarray(Number(offset), Number(offset) + lengthBytes);
    }
    return undefined;
  }

  /** The value collected last. */
  readVariable(number: number): bigint | undefined {
    let value: bigint | undefined;
    for (const block of this.blocks())
      if (block.kind === 'variable' && block.number === number) value = block.value;
    return value;
  }
}

function offsetInBlock(file: RegisterFile, register: Register): number {
  return file.registers.slice(0, register.number).reduce((sum, one) => sum + one.bits / 8, 0);
}

/** The length of a block has 16 bits. */
function splitMemory(block: TraceBlock): readonly TraceBlock[] {
  if (block.kind !== 'memory' || block.bytes.length <= longestBlockBytes) return [block];
  const pieces: TraceBlock[] = [];
  for (let at = 0; at < block.bytes.length; at += longestBlockBytes) {
    const bytes = block.bytes.subarray(at, at + longestBlockBytes);
    pieces.push({ kind: 'memory', address: block.address + BigInt(at), bytes });
  }
  return pieces;
}

function lengthOf(block: TraceBlock): number {
  switch (block.kind) {
    case 'registers':
      return 1 + block.bytes.length;
    case 'memory':
      return 1 + memoryHeaderBytes + block.bytes.length;
    case 'variable':
      return 1 + variableBytes;
  }
}

function encodeFrame(tracepoint: number, blocks: readonly TraceBlock[]): Uint8Array {
  const lengthBytes = blocks.reduce((sum, block) => sum + lengthOf(block), 0);
  const frame = new Uint8Array(headerBytes + lengthBytes);
  const view = new DataView(frame.buffer);
  view.setUint16(0, tracepoint, true);
  view.setUint32(2, lengthBytes, true);
  let at = headerBytes;
  for (const block of blocks) {
    frame[at] = letters[block.kind];
    if (block.kind === 'registers') {
      frame.set(block.bytes, at + 1);
    } else if (block.kind === 'memory') {
      view.setBigUint64(at + 1, BigInt.asUintN(64, block.address), true);
      view.setUint16(at + 9, block.bytes.length, true);
      frame.set(block.bytes, at + 1 + memoryHeaderBytes);
    } else {
      view.setUint32(at + 1, block.number, true);
      view.setBigInt64(at + 5, BigInt.asIntN(64, block.value), true);
    }
    at += lengthOf(block);
  }
  return frame;
}
