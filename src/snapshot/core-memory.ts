/**
 * Which memory goes into a core file, core(5): by the process's coredump_filter and the flags of its mappings; of those
 * that have no file only pages that are there.
 */
import { readFileSync } from 'node:fs';
import type { Pid } from '../base/ids.js';
import { type Mapping, mappingsText, parseMappings } from '../core/index.js';
import { PageMap } from './page-map.js';

export interface MemoryRun {
  readonly start: bigint;
  readonly end: bigint;
}

export interface DumpedMapping {
  readonly mapping: Mapping;
  /** From its start: nothing, its first page, or all of it. */
  readonly fileBytes: bigint;
  /** Parts of that in which there is something; the rest is 0. */
  readonly runs: readonly MemoryRun[];
}

/** Bits of coredump_filter. */
const filterBits = {
  anonymousPrivate: 1,
  anonymousShared: 2,
  filePrivate: 4,
  fileShared: 8,
  elfHeaders: 16,
  hugePrivate: 32,
  hugeShared: 64,
} as const;
const usualFilter = 0x33;

/** The kernel's own: its pages come when somebody looks. */
const vdso = '[vdso]';

/** VmFlags, proc(5): memory of devices, what the program asked to leave out, and huge pages. */
const flagsOfInterest = ['io', 'dd', 'ht'] as const;
type Flag = (typeof flagsOfInterest)[number];

/** Looked at before the process is stopped, so that there is less to do then. */
export class DumpedMemory {
  readonly #pid: Pid;
  readonly #pageBytes: number;
  readonly #filter: number;
  #maps = '';
  #mappings: readonly Mapping[] = [];
  /** By the mapping's start. */
  #flags: ReadonlyMap<bigint, ReadonlySet<Flag>> = new Map();

  constructor(pid: Pid, pageBytes: number) {
    this.#pid = pid;
    this.#pageBytes = pageBytes;
    this.#filter = filterOf(pid);
    // All of it once: what is done for the first time takes longest.
    this.mappings(() => false);
  }

  /** `startsWithElf`: whether a file's header stands at an address. */
  mappings(startsWithElf: (address: bigint) => boolean): readonly DumpedMapping[] {
    this.#look();
    using pages = new PageMap(this.#pid, this.#pageBytes);
    return this.#mappings.map((mapping) => {
      const { start, end } = mapping;
      if (this.#isDumped(mapping, pages)) {
        const isAnonymous = mapping.inode === 0n && mapping.name !== vdso;
        const isSparse = isAnonymous && mapping.permissions.endsWith('p');
        const runs = isSparse ? pages.present(start, end) : [{ start, end }];
        return { mapping, fileBytes: end - start, runs };
      }
      if (!this.#isHeader(mapping) || !startsWithElf(start)) return { mapping, fileBytes: 0n, runs: [] };
      const page = BigInt(this.#pageBytes);
      return { mapping, fileBytes: page, runs: [{ start, end: start + page }] };
    });
  }

  /** Flags cost the kernel a walk through all pages: they are read only for other mappings than before. */
  #look(): void {
    const maps = mappingsText(this.#pid);
    if (maps === this.#maps) return;
    this.#maps = maps;
    this.#mappings = parseMappings(maps);
    this.#flags = flagsOf(this.#pid);
  }

  #isDumped(mapping: Mapping, pages: PageMap): boolean {
    const flags = this.#flags.get(mapping.start);
    if (flags?.has('io') === true || flags?.has('dd') === true || mapping.name === '[vsyscall]') return false;
    if (mapping.name === vdso) return true;
    const isShared = mapping.permissions.endsWith('s');
    if (flags?.has('ht') === true) return this.#wants(isShared ? 'hugeShared' : 'hugePrivate');
    const isAnonymous = mapping.inode === 0n || isNameless(mapping.name);
    if (isShared) return this.#wants(isAnonymous ? 'anonymousShared' : 'fileShared');
    if (!isAnonymous && this.#wants('filePrivate')) return true;
    if (!this.#wants('anonymousPrivate')) return false;
    return isAnonymous || pages.hasOwn(mapping.start, mapping.end);
  }

  #isHeader({ inode, fileOffset, permissions }: Mapping): boolean {
    const isBeginning = inode !== 0n && fileOffset === 0n && permissions.startsWith('r');
    return isBeginning && this.#wants('elfHeaders');
  }

  #wants(kind: keyof typeof filterBits): boolean {
    return (this.#filter & filterBits[kind]) !== 0;
  }
}

function filterOf(pid: number): number {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'latin1'), 16);
  } catch {
    // A kernel without core files has none.
    return usualFilter;
  }
}

/** Shared memory that has a file which nobody can open. */
function isNameless(name: string): boolean {
  return name.startsWith('/dev/zero (deleted)') || name.startsWith('/SYSV');
}

function flagsOf(pid: number): ReadonlyMap<bigint, ReadonlySet<Flag>> {
  const found = new Map<bigint, ReadonlySet<Flag>>();
  let start = 0n;
  for (const line of smapsText(pid).split('\n')) {
    if (line.startsWith('VmFlags:')) {
      const words = line.slice('VmFlags:'.length).trim().split(' ');
      found.set(start, new Set(flagsOfInterest.filter((flag) => words.includes(flag))));
      continue;
    }
    // Other lines are a word, a colon, and a number.
    const [, first] = /^([0-9a-f]+)-[0-9a-f]+ /.exec(line) ?? [];
    if (first !== undefined) start = BigInt(`0x${first}`);
  }
  return found;
}

function smapsText(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps`, 'latin1');
  } catch {
    return '';
  }
}
