/**
 * A memory and what of ours is in it: breakpoint sites and slots. A process has one of its own; after vfork(2), or
 * clone(2) with CLONE_VM, parent and child have the same one until either executes a program or ends.
 */
import type { NativeSearch } from '../native/binding-types.js';
import { Blocks } from './block-step.js';
import type { BreakpointOwner } from './breakpoint-programs.js';
import { BreakpointSites } from './breakpoint-sites.js';
import { InPlaceStep } from './in-place-step.js';
import type { Machine } from './machine.js';
import { type BatchMemory, Memory } from './memory.js';
import { MemoryMap } from './memory-map.js';
import { OrphanHandler } from './orphan-handler.js';
import { type Mapping, type MemoryRange, mappings, rangesWithFlag } from './proc.js';
import type { Process } from './process.js';
import { ProgramCalls } from './program-calls.js';
import { RangeRuns } from './range-run.js';
import { Slots } from './slots.js';
import type { Thread } from './thread.js';
import type { Tracer } from './tracer.js';

/** Searches return to the event loop after this long, so that an interrupt is served. */
const searchTurnMs = 4;

/** A memory and what of ours is in it; two processes have the same one after vfork(2). */
export class AddressSpace {
  readonly tracer: Tracer;
  /** @internal */
  readonly machine: Machine;
  /** @internal */
  readonly rawMemory: BatchMemory;
  /** As clients see it: without the traps. */
  readonly memory: Memory;
  /** @internal */
  readonly sites: BreakpointSites;
  /** @internal */
  readonly calls: ProgramCalls;
  /** @internal */
  readonly slots: Slots;
  /** @internal */
  readonly orphanHandler: OrphanHandler;
  /** @internal */
  readonly memoryMap: MemoryMap;
  /** @internal */
  readonly inPlace: InPlaceStep;
  /** @internal */
  readonly rangeRuns: RangeRuns;
  /** @internal */
  readonly blocks: Blocks;
  readonly #processes = new Set<Process>();
  /** Text that the program cannot write to; undefined: not looked at since something ran. */
  #fixedText: readonly Mapping[] | undefined;
  /** Memory into which indirect branches are checked; undefined: as `#fixedText`. */
  #guarded: readonly MemoryRange[] | undefined;
  /** Whether the CPU has such memory; undefined: not asked yet. */
  #checksBranches: boolean | undefined;

  /** @internal */
  constructor(tracer: Tracer, machine: Machine) {
    this.tracer = tracer;
    this.machine = machine;
    this.rawMemory = {
      read: (at, into) => this.#transfer((space) => tracer.native.readMemory(space, at, into)),
      write: (at, bytes) => this.#transfer((space) => tracer.native.writeMemory(space, at, bytes)),
      readRanges: (addresses, lengths, into) => {
        for (const space of this.nativeSpaces()) {
          tracer.native.readRanges(space, addresses, lengths, into);
          return;
        }
        lengths.fill(0);
      },
      writeRanges: (addresses, lengths, bytes) => {
        for (const space of this.nativeSpaces()) {
          tracer.native.writeRanges(space, addresses, lengths, bytes);
          return;
        }
        lengths.fill(0);
      },
    };
    this.calls = new ProgramCalls(tracer.native, this.rawMemory, machine.arch);
    this.slots = new Slots(tracer.native, this.calls, this.rawMemory, machine.arch, this);
    this.orphanHandler = new OrphanHandler(this.calls, this.rawMemory, machine.arch);
    this.memoryMap = new MemoryMap(this);
    this.sites = new BreakpointSites(tracer, this);
    this.memory = new Memory(
      this.rawMemory,
      this.sites,
      machine.arch.addressMask,
      (at, lengthBytes, pattern) => this.#find(at, lengthBytes, pattern),
    );
    this.inPlace = new InPlaceStep(this);
    this.rangeRuns = new RangeRuns(this);
    this.blocks = new Blocks(this);
  }

  /** The processes that run in it; with none left there is no memory any more. */
  get processes(): ReadonlySet<Process> {
    return this.#processes;
  }

  get isShared(): boolean {
    return this.#processes.size > 1;
  }

  /** @internal */
  get hasEngine(): boolean {
    return [...this.#processes].some((process) => process.attachments.length > 0);
  }

  /** @internal */
  *threads(): Iterable<Thread> {
    for (const process of this.#processes) yield* process.threads.values();
  }

  /** @internal */
  anyRunning(): boolean {
    for (const process of this.#processes) if (process.anyRunning()) return true;
    return false;
  }

  /** Whether an address lies in text that the program cannot write to, as long as it does not change the mapping. @internal */
  isFixedText(address: bigint): boolean {
    const [process] = this.#processes;
    if (process === undefined) return false;
    if (this.anyRunning()) this.#fixedText = undefined;
    this.#fixedText ??= mappings(process.pid).filter(
      ({ name, permissions }) => name.startsWith('/') && permissions === 'r-xp',
    );
    return this.#fixedText.some(({ start, end }) => address >= start && address < end);
  }

  /** Whether the CPU checks indirect branches to an address. @internal */
  isGuarded(address: bigint): boolean {
    const { guardedMemory } = this.machine.arch;
    const [process] = this.#processes;
    if (guardedMemory === undefined || process === undefined) return false;
    this.#checksBranches ??= (process.program.capabilities2() & guardedMemory.capability) !== 0n;
    if (!this.#checksBranches) return false;
    if (this.anyRunning()) this.#guarded = undefined;
    this.#guarded ??= rangesWithFlag(process.pid, guardedMemory.flag);
    return this.#guarded.some(({ start, end }) => address >= start && address < end);
  }

  /** A thread runs: it may change what is mapped. @internal */
  forgetMappings(): void {
    this.#fixedText = undefined;
    this.#guarded = undefined;
  }

  /** @internal */
  resumeWanted(): void {
    for (const process of this.#processes) process.resumeWanted();
  }

  /** Handles of its processes' spaces in native code, which have equal sites and slots. @internal */
  *nativeSpaces(): Iterable<number> {
    for (const process of this.#processes) yield process.space;
  }

  /** `process.space` has this memory's sites and slots already. @internal */
  join(process: Process): void {
    this.#processes.add(process);
  }

  /** A process has another memory now, or is gone; what only its engines wanted goes, and who stays may be let go. @internal */
  leave(process: Process): void {
    if (!this.#processes.delete(process)) return;
    this.inPlace.processLeft(process);
    if (this.#processes.size === 0) return;
    for (const { owner } of process.attachments) if (!this.isWantedBy(owner)) this.sites.removeAllOf(owner);
    this.sites.guardAll();
    if (this.hasEngine) return;
    for (const other of this.#processes) other.letGoWhenStopped();
  }

  /** Whether an engine that is attached to a process in it still has this owner's sites. @internal */
  isWantedBy(owner: BreakpointOwner): boolean {
    return [...this.#processes].some((process) => process.attachments.some((one) => one.owner === owner));
  }

  /** For a fork child's copy of the memory, at once when the fork is told of; its bytes are looked at in `settleCopy`. @internal */
  copy(): AddressSpace {
    const copy = new AddressSpace(this.tracer, this.machine);
    this.sites.copyTo(copy.sites);
    this.calls.copyTo(copy.calls);
    this.slots.copyTo(copy.slots);
    this.orphanHandler.copyTo(copy.orphanHandler);
    return copy;
  }

  /** The copy's process is at its first stop: what it must hold is what `owners` want in the original now. @internal */
  settleCopy(original: AddressSpace, owners: ReadonlySet<BreakpointOwner>): void {
    this.slots.settleCopy();
    this.orphanHandler.settleCopy();
    this.sites.settleCopy(original.sites, owners);
  }

  #find(at: bigint, lengthBytes: bigint, pattern: Uint8Array): NativeSearch {
    for (const space of this.nativeSpaces())
      return this.tracer.native.findBytes(space, at, lengthBytes, pattern, searchTurnMs);
    return { kind: 'unreadable', at };
  }

  #transfer(transfer: (space: number) => number): number {
    for (const space of this.nativeSpaces()) return transfer(space);
    return 0;
  }
}
