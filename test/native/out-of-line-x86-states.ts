/** Random states of a thread, and operands that hit memory that is there. */
import type { Instruction } from '../../arch/x86/decode.js';
import { nativeBinding } from '../../src/native/binding.js';
import { Random } from '../support/random.js';
import { dataBytes, type OutOfLineHarness, type State, setWord } from './out-of-line-harness.js';
import type { CodeMachine } from './out-of-line-x86-machines.js';

/** An address in the middle of the data, where displacements of 2 KiB do not leave it. */
function dataPointer(harness: OutOfLineHarness, random: Random): bigint {
  return harness.dataAddress + 0x2000n + BigInt(random.below(256) * 64);
}

function randomWord(random: Random): bigint {
  return random.bytes(8).reduce((word, byte) => (word << 8n) | BigInt(byte), 0n);
}

const data = Uint8Array.from(new Random(20).bytes(dataBytes));

function randomBytes(random: Random, lengthBytes: number): Uint8Array {
  const start = random.below(dataBytes - lengthBytes);
  return data.subarray(start, start + lengthBytes);
}

export function randomState(machine: CodeMachine, harness: OutOfLineHarness, random: Random): State {
  const state = harness.newState(data);
  const pointer = (): bigint => dataPointer(harness, random);
  const set = (name: string, value: bigint): void =>
    setWord(state.general, machine.offsets[name] ?? Number.NaN, machine.bits === 64 ? 8 : 4, value);
  for (const name of machine.randomRegisters) {
    const makers = [pointer, pointer, pointer, () => BigInt(random.below(64)), () => randomWord(random)];
    set(name, random.pick(makers)());
  }
  set(machine.sp, pointer() + BigInt(random.below(8) * 8));
  // Carry, parity, adjust, zero, sign, overflow, and rarely direction.
  const direction = random.below(8) === 0 ? 0x400 : 0;
  set('eflags', BigInt((random.below(0x1000) & 0x8d5) | 0x202 | direction));
  for (const name of machine.segmentRegisters) set(name, BigInt(random.below(8) * 64));
  fillVectors(state.vectors, random);
  return state;
}

/** Random x87, SSE, AVX and AVX-512 registers. Intel SDM volume 1 chapter 13: the XSAVE area. */
function fillVectors(xstate: Uint8Array, random: Random): void {
  const { xsave } = nativeBinding().machineFacts();
  const components = (xsave?.components ?? []).filter(({ index }) => [2, 5, 6, 7].includes(index));
  const areas = [{ offset: 160, sizeBytes: 256 }, ...components];
  for (const { offset, sizeBytes } of areas) xstate.set(randomBytes(random, sizeBytes), offset);
  const used = components.reduce((mask, { index }) => mask | (1 << index), 3);
  setNumber(xstate, 512, 8, BigInt(used));
  xstate[4] = 0xff;
  for (let register = 0; register < 8; register++) xstate.set(randomBytes(random, 10), 32 + register * 16);
}

function setNumber(bytes: Uint8Array, offset: number, lengthBytes: number, value: bigint): void {
  for (let byte = 0; byte < lengthBytes; byte++) {
    bytes[offset + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
  }
}

/** Makes operands and branches of a random instruction hit memory that is there. */
export function aim(
  machine: CodeMachine,
  harness: OutOfLineHarness,
  bytes: Uint8Array,
  instruction: Instruction,
  random: Random,
): void {
  const { displacement, immediate, lengthBytes, isRipRelative, isRelativeBranch, modRm } = instruction;
  if (displacement !== undefined && displacement.lengthBytes > 1) {
    const near = BigInt(random.below(512) - 256);
    const pointer = dataPointer(harness, random);
    const relative = pointer - harness.siteAddress - BigInt(lengthBytes);
    const isAbsolute = modRm === undefined || (machine.bits === 32 && modRm.mod === 0 && modRm.rm === 5);
    const value = isRipRelative ? relative : isAbsolute ? pointer : near;
    setNumber(bytes, displacement.offset, displacement.lengthBytes, value);
  }
  if (isRelativeBranch && immediate?.lengthBytes === 4) {
    setNumber(bytes, immediate.offset, 4, BigInt(random.below(0x800) - 0x400));
  }
}
