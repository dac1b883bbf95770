/**
 * Slot memory: room in the traced process for displaced instructions. It is mapped by the program itself, on our behalf,
 * read and execute only; where it must not or cannot do that, slots go behind the text of its objects. We write them
 * through /proc/PID/mem. Room is used again as soon as no thread can be inside.
 */
import type { ArchModule } from '../../arch/module.js';
import type { SlotCode, SlotForm } from '../../arch/plan.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { RawMemory, Shadow } from './memory.js';
import { mappings } from './proc.js';
import type { ProgramCalls } from './program-calls.js';
import { gapsNear } from './slot-gaps.js';
import { textTails } from './text-tails.js';
import type { Thread } from './thread.js';

export interface PlacedSlot extends SlotCode {
  readonly address: bigint;
}

/** A slot, or why there is none; the program may have died of the attempt. */
export type Placement =
  | { readonly kind: 'placed'; readonly slot: PlacedSlot }
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'gone' };

/** What is to be placed: the form of a slot near a site, and near what its operand names. */
export interface SlotRequest {
  readonly form: SlotForm;
  readonly site: bigint;
  readonly operandAddress: bigint | undefined;
}

interface Area {
  readonly start: bigint;
  readonly lengthBytes: number;
  /** Belongs to the program, which has it back at the end: what was there, by address of the slot. */
  readonly originals: Map<bigint, Uint8Array> | undefined;
  usedBytes: number;
  free: bigint[];
}

/** Native code's tables of slots. */
export interface SlotTables {
  nativeSpaces(): Iterable<number>;
}

const pageBytes = 4096;
const protReadExecute = 1n | 4n;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, <asm-generic/mman.h>. */
const mapFlags = 0x2n | 0x20n | 0x100000n;
const minusOne = (1n << 64n) - 1n;
const fileExists = 17;

export class Slots {
  readonly #native: NativeTracer;
  readonly #calls: ProgramCalls;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;
  readonly #tables: SlotTables;
  #areas: Area[] = [];
  /** Of no plan any more; a thread may still be inside. */
  #retired: bigint[] = [];

  constructor(
    native: NativeTracer,
    calls: ProgramCalls,
    memory: RawMemory,
    arch: ArchModule,
    tables: SlotTables,
  ) {
    this.#native = native;
    this.#calls = calls;
    this.#memory = memory;
    this.#arch = arch;
    this.#tables = tables;
  }

  /** Puts code into a slot, having memory mapped through `thread` (stopped) when there is no room in reach. */
  place(request: SlotRequest, thread: Thread): Placement {
    const room = this.#roomFor(request) ?? (this.#reclaim() ? this.#roomFor(request) : undefined);
    if (room !== undefined) return this.#write(request, room);
    const mapped = this.#map(request, thread);
    if (mapped === undefined) return { kind: 'gone' };
    if (typeof mapped === 'bigint') return this.#write(request, mapped);
    const borrowed = this.#borrow(request, thread);
    return borrowed === undefined ? { kind: 'none', reason: mapped } : this.#write(request, borrowed);
  }

  /** Nobody is sent into a slot any more. */
  retire(slot: PlacedSlot): void {
    this.#retired.push(slot.address);
  }

  /** Whether a slot is in the memory: in a copy it may be missing that was placed after the fork. */
  holds(slot: PlacedSlot): boolean {
    const now = new Uint8Array(slot.bytes.length);
    return (
      this.#memory.read(slot.address, now) === now.length &&
      slot.bytes.every((byte, index) => now[index] === byte)
    );
  }

  /** For a copy of the memory. */
  copyTo(copy: Slots): void {
    copy.#areas = this.#areas.map((area) => ({
      ...area,
      free: [...area.free],
      originals: area.originals && new Map(area.originals),
    }));
    copy.#retired = [...this.#retired];
  }

  /** Drops the areas that a copy of the memory came too early for. */
  settleCopy(): void {
    this.#areas = this.#areas.filter(({ start }) => this.#memory.read(start, new Uint8Array(1)) === 1);
  }

  /** Gives everything back through a stopped thread that is in no slot; unmaps nothing where a seccomp filter might mind. */
  release(thread: Thread): void {
    if (this.#areas.length === 0) return;
    const mayCall = !thread.process.caughtCalls.isFilteredByOthers(thread.tid);
    for (const { start, lengthBytes, originals } of this.#areas) {
      for (const [address, bytes] of originals ?? []) this.#memory.write(address, bytes);
      if (originals === undefined && mayCall)
        this.#calls.call(thread, this.#arch.syscall.numbers.munmap, [start, BigInt(lengthBytes)]);
    }
    this.#areas = [];
    this.#retired = [];
  }

  contains(address: bigint): boolean {
    return this.#areas.some(
      (area) => address >= area.start && address < area.start + BigInt(area.lengthBytes),
    );
  }

  /** What was where slots are now, in memory that is the program's own. */
  *shadowsWithin(address: bigint, lengthBytes: number): Iterable<Shadow> {
    for (const { originals } of this.#areas) {
      for (const [at, original] of originals ?? []) {
        if (at >= address + BigInt(lengthBytes) || at + BigInt(original.length) <= address) continue;
        const trap = new Uint8Array(original.length);
        if (this.#memory.read(at, trap) === trap.length) yield { address: at, original, trap };
      }
    }
  }

  #write({ form }: SlotRequest, address: bigint): Placement {
    const code = form.codeAt(address);
    const area = this.#areas.find(
      ({ start, lengthBytes }) => address >= start && address < start + BigInt(lengthBytes),
    );
    if (code === undefined || area === undefined) return { kind: 'none', reason: 'the slot is out of reach' };
    this.#take(area, address);
    if (this.#memory.write(address, code.bytes) !== code.bytes.length)
      return { kind: 'none', reason: 'its memory cannot be written' };
    return { kind: 'placed', slot: { address, ...code } };
  }

  #take(area: Area, address: bigint): void {
    if (area.free.at(-1) === address) area.free.pop();
    else area.usedBytes += this.#arch.slotBytes;
    if (area.originals === undefined || area.originals.has(address)) return;
    const original = new Uint8Array(this.#arch.slotBytes);
    this.#memory.read(address, original);
    area.originals.set(address, original);
  }

  #roomFor(request: SlotRequest): bigint | undefined {
    for (const area of this.#areas) {
      const room = roomIn(area, this.#arch.slotBytes);
      if (room !== undefined && this.#fits(request, room)) return room;
    }
    return undefined;
  }

  /** False: there is nothing to be had. */
  #reclaim(): boolean {
    const free = this.#retired.filter((address) => !this.#native.isSlotInUse(address));
    this.#retired = this.#retired.filter((address) => !free.includes(address));
    for (const address of free) {
      for (const space of this.#tables.nativeSpaces()) this.#native.removeSlot(space, address);
      const area = this.#areas.find(
        ({ start, lengthBytes }) => address >= start && address < start + BigInt(lengthBytes),
      );
      area?.free.push(address);
    }
    return free.length > 0;
  }

  /** Maps a page in reach. A text: why not; undefined: the thread is gone. */
  #map(request: SlotRequest, thread: Thread): bigint | string | undefined {
    const isFiltered = thread.process.caughtCalls.isFilteredByOthers(thread.tid);
    if (isFiltered) return 'a seccomp filter watches its system calls';
    const maps = mappings(thread.process.pid);
    for (const start of gapsNear(maps, request.operandAddress ?? request.site)) {
      if (!this.#fits(request, start)) continue;
      const args = [start, BigInt(pageBytes), protReadExecute, mapFlags, minusOne, 0n];
      const result = this.#calls.call(thread, this.#arch.syscall.numbers.mmap, args, maps);
      if (result === start) {
        this.#areas.push({ start, lengthBytes: pageBytes, originals: undefined, usedBytes: 0, free: [] });
        return start;
      }
      if (result === undefined)
        return thread.hasVanished ? undefined : 'there is no vDSO to call the kernel from';
      const error = this.#calls.errorOf(result);
      if (error !== fileExists) return `mmap(2) was refused with error ${error}`;
    }
    return 'there is no free memory in reach';
  }

  #fits({ form }: SlotRequest, slot: bigint): boolean {
    const code = form.codeAt(slot);
    return code !== undefined && code.bytes.length <= this.#arch.slotBytes;
  }

  #borrow(request: SlotRequest, thread: Thread): bigint | undefined {
    for (const { start, lengthBytes } of textTails(mappings(thread.process.pid), this.#memory)) {
      const { slotBytes } = this.#arch;
      if (lengthBytes < slotBytes || this.contains(start) || !this.#fits(request, start)) continue;
      this.#areas.push({ start, lengthBytes, originals: new Map(), usedBytes: 0, free: [] });
      return start;
    }
    return undefined;
  }
}

function roomIn(area: Area, slotBytes: number): bigint | undefined {
  const free = area.free.at(-1);
  if (free !== undefined) return free;
  return area.usedBytes + slotBytes <= area.lengthBytes ? area.start + BigInt(area.usedBytes) : undefined;
}
