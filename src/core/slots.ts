/**
 * Slot memory: pages in the traced process that hold displaced instructions. They are mapped by the program itself, on
 * our behalf, near the text that they serve, read and execute only; we write them through /proc/PID/mem.
 */
import type { ArchModule } from '../../arch/module.js';
import type { Plan } from '../../arch/plan.js';
import type { RawMemory } from './memory.js';
import { type Mapping, mappings } from './proc.js';
import type { ProgramCalls } from './program-calls.js';
import type { Thread } from './thread.js';

export interface PlacedSlot {
  readonly address: bigint;
  /** Length of the relocated instruction, without the jump behind it. */
  readonly lengthBytes: number;
  /** Instruction and jump. */
  readonly bytes: Uint8Array;
}

interface Area {
  readonly start: bigint;
  usedBytes: number;
}

const pageBytes = 4096n;
const areaBytes = 4096;
/** Room for an instruction and the longest jump; native code finds a slot by this size. */
const slotBytes = 32;
/** Half of a signed 32-bit displacement, so that what lies near the text is in reach as well. */
const nearBytes = 1n << 30n;
const lowestAddress = 0x10000n;
const protReadExecute = 1n | 4n;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, <asm-generic/mman.h>. */
const mapFlags = 0x2n | 0x20n | 0x100000n;
const minusOne = (1n << 64n) - 1n;

export class Slots {
  readonly #calls: ProgramCalls;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;
  #areas: Area[] = [];

  constructor(calls: ProgramCalls, memory: RawMemory, arch: ArchModule) {
    this.#calls = calls;
    this.#memory = memory;
    this.#arch = arch;
  }

  /**
   * Puts the instruction of a slot plan into a slot, mapping memory through `thread` (stopped) when none is near.
   * Undefined: no memory in reach could be had; the site is then stepped in place.
   */
  place(plan: Extract<Plan, { kind: 'slot' }>, site: bigint, thread: Thread): PlacedSlot | undefined {
    const used = this.#areas.find(
      (area) => area.usedBytes < areaBytes && this.#code(plan, site, nextSlot(area)),
    );
    const area = used ?? this.#map(site, plan, thread);
    if (area === undefined) return undefined;
    const address = nextSlot(area);
    const code = this.#code(plan, site, address);
    if (code === undefined || this.#memory.write(address, code.bytes) !== code.bytes.length) return undefined;
    area.usedBytes += slotBytes;
    return { address, ...code };
  }

  /** Whether a slot is in the memory: in a copy it may be missing that was placed after the fork. */
  holds(slot: PlacedSlot | undefined): boolean {
    if (slot === undefined) return false;
    const now = new Uint8Array(slot.bytes.length);
    return (
      this.#memory.read(slot.address, now) === now.length &&
      slot.bytes.every((byte, index) => now[index] === byte)
    );
  }

  /** For a copy of the memory. */
  copyTo(copy: Slots): void {
    copy.#areas = this.#areas.map((area) => ({ ...area }));
  }

  /** Drops the areas that a copy of the memory came too early for. */
  settleCopy(): void {
    this.#areas = this.#areas.filter(({ start }) => this.#memory.read(start, new Uint8Array(1)) === 1);
  }

  /** Unmaps everything through a stopped thread that is in no slot; not where a seccomp filter might mind. */
  release(thread: Thread): void {
    for (const area of thread.process.caughtCalls.isFilteredByOthers(thread.tid) ? [] : this.#areas) {
      this.#calls.call(thread, this.#arch.syscall.numbers.munmap, [area.start, BigInt(areaBytes)]);
    }
    this.#areas = [];
  }

  contains(address: bigint): boolean {
    return this.#areas.some((area) => address >= area.start && address < area.start + BigInt(areaBytes));
  }

  #code(plan: Extract<Plan, { kind: 'slot' }>, site: bigint, slot: bigint) {
    const instruction = plan.relocate(slot);
    if (instruction === undefined) return undefined;
    const jump = this.#arch.jump(slot + BigInt(instruction.length), site + BigInt(plan.lengthBytes));
    if (jump === undefined || instruction.length + jump.length > slotBytes) return undefined;
    const bytes = new Uint8Array(instruction.length + jump.length);
    bytes.set(instruction);
    bytes.set(jump, instruction.length);
    return { bytes, lengthBytes: instruction.length };
  }

  #map(site: bigint, plan: Extract<Plan, { kind: 'slot' }>, thread: Thread): Area | undefined {
    if (thread.process.caughtCalls.isFilteredByOthers(thread.tid)) return undefined;
    const maps = mappings(thread.process.pid);
    for (const start of gapsNear(maps, site)) {
      if (this.#code(plan, site, start) === undefined) continue;
      const result = this.#calls.call(
        thread,
        this.#arch.syscall.numbers.mmap,
        [start, BigInt(areaBytes), protReadExecute, mapFlags, minusOne, 0n],
        maps,
      );
      if (result !== start) return undefined;
      const area = { start, usedBytes: 0 };
      this.#areas.push(area);
      return area;
    }
    return undefined;
  }
}

function nextSlot(area: Area): bigint {
  return area.start + BigInt(area.usedBytes);
}

/** Free pages within reach of `site`, nearest first: the page before and the page after each free stretch's ends. */
function gapsNear(maps: readonly Mapping[], site: bigint): bigint[] {
  const candidates: bigint[] = [];
  let previousEnd = lowestAddress;
  for (const mapping of maps) {
    // A page of distance to both neighbours leaves them room to grow.
    if (mapping.start - previousEnd >= 4n * pageBytes) {
      candidates.push(mapping.start - 2n * pageBytes);
      if (!isGrowing(maps, previousEnd)) candidates.push(previousEnd + pageBytes);
    }
    if (mapping.end > previousEnd) previousEnd = mapping.end;
  }
  const distance = (at: bigint) => (at > site ? at - site : site - at);
  return candidates
    .filter((at) => distance(at) < nearBytes && !isBelowStack(maps, at))
    .sort((a, b) => (distance(a) < distance(b) ? -1 : 1));
}

function isGrowing(maps: readonly Mapping[], end: bigint): boolean {
  return maps.some((mapping) => mapping.end === end && mapping.name === '[heap]');
}

/** The gap under the stack belongs to the stack. */
function isBelowStack(maps: readonly Mapping[], at: bigint): boolean {
  const next = maps.find((mapping) => mapping.start > at);
  return next?.name === '[stack]';
}
