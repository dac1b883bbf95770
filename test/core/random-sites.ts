/** Breakpoints on random instructions of the objects that a program has loaded. */
import { Decoder, DecoderOptions, Instruction } from 'iced-x86';
import { type Address, address } from '../../src/base/ids.js';
import type { Attachment } from '../../src/core/index.js';
import { type Instruction as AgentInstruction, program } from '../support/agent-program.js';
import { mappingsOf } from '../support/proc-files.js';
import type { Random } from '../support/random.js';
import { readTextSection, type TextSection } from '../support/text-section.js';

/** EM_AARCH64, <elf.h>. */
const aarch64 = 183;

/** Where the instructions of an object's text begin, as it is linked. */
function instructionsOf(path: string): readonly bigint[] {
  const text = readTextSection(path);
  return text.machine === aarch64 ? wordsOf(text) : decodedOf(text);
}

/** All that may be instructions: compilers put no data there. */
function wordsOf({ bytes, address }: TextSection): readonly bigint[] {
  const words = Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => index * 4);
  return words
    .filter((offset) => bytes.subarray(offset, offset + 4).some((byte) => byte !== 0))
    .map((offset) => address + BigInt(offset));
}

function decodedOf(text: TextSection): readonly bigint[] {
  const decoder = new Decoder(64, text.bytes, DecoderOptions.None);
  decoder.ip = text.address;
  const instruction = new Instruction();
  const starts: bigint[] = [];
  while (decoder.canDecode) {
    const { ip } = decoder;
    decoder.decodeOut(instruction);
    if (!instruction.isInvalid) starts.push(ip);
  }
  decoder.free();
  instruction.free();
  return starts;
}

/** The objects with text whose names fit, and where they are. */
function loadedObjects(pid: number, names: RegExp): ReadonlyMap<string, bigint> {
  const mappings = mappingsOf(pid).filter(({ path }) => names.test(path));
  const isText = (path: string): boolean =>
    mappings.some((mapping) => mapping.path === path && mapping.permissions.includes('x'));
  const paths = [...new Set(mappings.map(({ path }) => path))].filter(isText);
  return new Map(paths.map((path) => [path, mappings.find((mapping) => mapping.path === path)?.start ?? 0n]));
}

/** Addresses of `count` random instructions of the loaded objects whose names fit. */
export function randomInstructions(
  pid: number,
  names: RegExp,
  count: number,
  random: Random,
): readonly Address[] {
  const objects = [...loadedObjects(pid, names)].map(([path, start]) => ({
    start,
    starts: instructionsOf(path),
  }));
  const chosen = new Set<bigint>();
  while (chosen.size < count) {
    const { start, starts } = random.pick(objects);
    const linked = random.pick(starts);
    // A program that is not position-independent is where it was linked to.
    chosen.add(linked >= start ? linked : start + linked);
  }
  return [...chosen].map(address);
}

/** Counts in a trace state variable, and is true once more than `most` have been counted. */
function countingUpTo(variable: number, most: number): Uint8Array {
  const count: readonly AgentInstruction[] = [['getv', variable], ['const8', 1], 'add', ['setv', variable]];
  return program(...count, ['const16', most], 'swap', 'less_unsigned');
}

/** A breakpoint on each address that counts its hits, and stops at the one after `most`. */
export function insertCounting(attachment: Attachment, sites: readonly Address[], most: number): void {
  sites.forEach((site, index) => {
    attachment.process.native.setVariable(index + 1, 0n);
    attachment.insertBreakpoint(site, { conditions: [countingUpTo(index + 1, most)] });
  });
}

export function countsOf(attachment: Attachment, sites: readonly Address[]): readonly number[] {
  return sites.map((_, index) => Number(attachment.process.native.variable(index + 1) ?? 0n));
}
