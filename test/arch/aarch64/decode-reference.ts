/** An independent disassembler, and words that reach every class of instruction. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Random } from '../../support/random.js';

/** One instruction as objdump prints it. */
export interface Disassembled {
  readonly word: number;
  readonly address: bigint;
  readonly mnemonic: string;
  readonly operands: string;
}

const program = arch() === 'arm64' ? 'objdump' : 'aarch64-linux-gnu-objdump';
const linePattern = /^\s*([0-9a-f]+):\t([0-9a-f]{8}) \t(\S+)[ \t]*([^\n;/]*)/;

/** In order; `undefined` in it are words that the disassembler does not know. */
export function disassemble(words: readonly number[], start: bigint): readonly (Disassembled | undefined)[] {
  const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
  try {
    const file = resolve(folder, 'text');
    writeFileSync(file, new Uint8Array(Uint32Array.from(words).buffer));
    const args = ['-D', '-z', '-b', 'binary', '-m', 'aarch64', `--adjust-vma=0x${start.toString(16)}`, file];
    const output = execFileSync(program, args, { encoding: 'latin1', maxBuffer: 1 << 28 });
    const found = output.split('\n').flatMap((line) => {
      const match = linePattern.exec(line);
      if (match === null) return [];
      const [, address, word, mnemonic = '', operands = ''] = match;
      return [
        {
          word: Number.parseInt(word ?? '', 16),
          address: BigInt(`0x${address}`),
          mnemonic,
          operands: operands.trim(),
        },
      ];
    });
    return found.map((one) => (one.mnemonic === '.inst' ? undefined : one));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function randomWord(random: Random): number {
  return (random.below(0x10000) * 0x10000 + random.below(0x10000)) >>> 0;
}

/** Bits that are given, and the value that they have: one class each of those that are not simply copied. */
const classes: readonly (readonly [mask: number, value: number])[] = [
  [0x7c00_0000, 0x1400_0000],
  [0xff00_0000, 0x5400_0000],
  [0x7e00_0000, 0x3400_0000],
  [0x7e00_0000, 0x3600_0000],
  [0x1f00_0000, 0x1000_0000],
  [0x3b00_0000, 0x1800_0000],
  [0xfe00_0000, 0xd600_0000],
  [0xfe1f_fc1f, 0xd61f_0000],
  [0xfe1f_f800, 0xd61f_0800],
  [0xff00_0000, 0xd400_0000],
  [0xff00_001c, 0xd400_0000],
  [0xffff_0000, 0x0000_0000],
  [0xffff_f01f, 0xd503_201f],
  [0xffff_f000, 0xd503_3000],
  [0xff00_0000, 0xd500_0000],
  [0xffff_ff00, 0xd523_3000],
  [0x3f00_0000, 0x0800_0000],
  [0xbfa0_0000, 0x8820_0000],
  [0xff20_0c00, 0x1900_0400],
  [0xff20_0c00, 0x1d00_0400],
  [0xffff_fc00, 0x0420_bc00],
  [0xff3e_e000, 0x0410_2000],
  [0x1c00_0000, 0x1400_0000],
];

/** Of each class so many with random operands, and as many words of all kinds again. */
export function corpus(random: Random, perClass: number): readonly number[] {
  const chosen = classes.flatMap(([mask, value]) =>
    Array.from({ length: perClass }, () => ((randomWord(random) & ~mask) | value) >>> 0),
  );
  return [...chosen, ...Array.from({ length: chosen.length }, () => randomWord(random))];
}
