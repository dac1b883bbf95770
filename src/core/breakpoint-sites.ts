/**
 * Breakpoint sites of one address space: the trap bytes in memory, the originals under them, the engines that want
 * them, and the plan for going past each.
 */
import type { ArchModule } from '../../arch/module.js';
import type { Plan } from '../../arch/plan.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError } from '../native/binding.js';
import type { NativePlan, NativeTracer } from '../native/binding-types.js';
import type { AddressSpace } from './address-space.js';
import {
  type BreakpointOwner,
  type BreakpointPrograms,
  nativePrograms,
  noPrograms,
} from './breakpoint-programs.js';
import type { RawMemory, Shadow, ShadowSource } from './memory.js';
import type { PlacedSlot, Slots } from './slots.js';
import type { Thread } from './thread.js';
import type { Tracer } from './tracer.js';

interface Site extends Shadow {
  readonly address: bigint;
  readonly original: Uint8Array;
  readonly owners: Map<BreakpointOwner, BreakpointPrograms>;
  readonly plan: Plan;
  /** Wishes of the core itself, of which no engine hears. */
  checkpoints: number;
}

/** A plan made before for the same bytes at the same address, with its slot. */
interface KnownPlan {
  readonly text: Uint8Array;
  readonly plan: Plan;
  slot: PlacedSlot | undefined;
}

export class BreakpointSites implements ShadowSource {
  readonly #tracer: Tracer;
  readonly #native: NativeTracer;
  readonly #space: AddressSpace;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;
  readonly #slots: Slots;
  readonly #sites = new Map<bigint, Site>();
  readonly #plans = new Map<bigint, KnownPlan>();
  /** Sites whose hits native code decides by programs. */
  readonly #programmed = new Set<bigint>();
  /** Taken out while threads ran: a fork that nobody has told of yet may have copied the trap. */
  readonly #removed = new Map<bigint, Site>();

  constructor(tracer: Tracer, space: AddressSpace) {
    this.#tracer = tracer;
    this.#native = tracer.native;
    this.#space = space;
    this.#memory = space.rawMemory;
    this.#arch = space.machine.arch;
    this.#slots = space.slots;
  }

  *shadowsWithin(address: bigint, lengthBytes: number): Iterable<Shadow> {
    const end = address + BigInt(lengthBytes);
    for (const site of this.#sites.values()) {
      if (site.address < end && site.address + BigInt(site.original.length) > address) yield site;
    }
  }

  has(address: bigint, owner?: BreakpointOwner): boolean {
    const site = this.#sites.get(address);
    return site !== undefined && (owner === undefined || site.owners.has(owner));
  }

  /**
   * Inserting again replaces the programs.
   * @throws OutstepError MEMORY when the address cannot be read or written, UNSUPPORTED inside slot memory.
   */
  insert(address: bigint, owner: BreakpointOwner, programs: BreakpointPrograms = noPrograms): void {
    const present = this.#sites.get(address);
    if (present === undefined || !this.#isInMemory(present, this.#memory)) this.#place(address, present);
    const site = this.#sites.get(address);
    site?.owners.set(owner, programs);
    if (site !== undefined) this.#tellPrograms(site);
  }

  /** `present`: the site whose trap went with its mapping, that of a library which was unloaded and has come back. */
  #place(address: bigint, present: Site | undefined): void {
    if (this.#slots.contains(address)) {
      throw new OutstepError(
        errorCodes.UNSUPPORTED,
        `no breakpoint can be set in slot memory (${hex(address)})`,
      );
    }
    const text = this.#originalText(address);
    const trap = this.#arch.breakpoint.bytes;
    if (text.length < trap.length) throw accessError('read', address);
    const original = text.slice(0, trap.length);
    const known = this.#planFor(address, text);
    this.#guard(address, original);
    if (this.#memory.write(address, trap) !== trap.length) {
      this.#unguard(address);
      throw accessError('write', address);
    }
    this.#removed.delete(address);
    const owners = new Map(present?.owners);
    const checkpoints = present?.checkpoints ?? 0;
    this.#sites.set(address, { address, original, trap, owners, plan: known.plan, checkpoints });
    this.#declare(address, nativePlan(known.plan, known.slot, original));
  }

  #tellPrograms(site: Site): void {
    const isNobodys = site.owners.size === 0 && site.checkpoints > 0;
    const programs = isNobodys ? { owners: [] } : nativePrograms(site.owners);
    if (programs === undefined && !this.#programmed.delete(site.address)) return;
    if (programs !== undefined) this.#programmed.add(site.address);
    for (const space of this.#space.nativeSpaces()) this.#native.setPrograms(space, site.address, programs);
  }

  /** Takes back one owner's wish; the bytes go when nobody wants the site any more. */
  remove(address: bigint, owner: BreakpointOwner): void {
    const site = this.#sites.get(address);
    if (site?.owners.delete(owner) === true) this.#takeOutUnwanted(site);
  }

  #takeOutUnwanted(site: Site): void {
    if (site.owners.size > 0 || site.checkpoints > 0) {
      this.#tellPrograms(site);
      return;
    }
    this.#takeOut(site);
    this.#removed.set(site.address, site);
  }

  /**
   * A site of the core's own: threads that nothing else is to be told of there go past it in native code, out of line.
   * Counted. False: it cannot be gone past so; `thread`, a stopped one, gets it a slot when it needs one.
   * @throws OutstepError as `insert`
   */
  addCheckpoint(address: bigint, thread: Thread | undefined): boolean {
    const present = this.#sites.get(address);
    if (present === undefined || !this.#isInMemory(present, this.#memory)) this.#place(address, present);
    const site = this.#sites.get(address);
    if (site === undefined) return false;
    const isPassable = site.plan.kind !== 'refuse' && (thread === undefined || this.#hasSlot(site, thread));
    if (isPassable) site.checkpoints += 1;
    this.#takeOutUnwanted(site);
    return isPassable;
  }

  dropCheckpoint(address: bigint): void {
    const site = this.#sites.get(address);
    if (site === undefined || site.checkpoints === 0) return;
    site.checkpoints -= 1;
    this.#takeOutUnwanted(site);
  }

  #hasSlot({ address, plan }: Site, thread: Thread): boolean {
    const isThere = plan.kind === 'emulate' || this.#plans.get(address)?.slot !== undefined;
    return isThere || this.provideSlot(address, thread);
  }

  removeAllOf(owner: BreakpointOwner): void {
    for (const address of [...this.#sites.keys()]) this.remove(address, owner);
  }

  originalChanged(shadow: Shadow): void {
    this.#guard(shadow.address, shadow.original);
    const site = this.#sites.get(shadow.address);
    if (site === undefined) return;
    const slot = this.#plans.get(site.address)?.slot;
    this.#declare(site.address, nativePlan(site.plan, slot, site.original));
  }

  written(address: bigint, lengthBytes: number): void {
    this.#space.rangeRuns.written(address, lengthBytes);
  }

  /** Where traps are in memory. */
  *addresses(): Iterable<bigint> {
    yield* this.#removed.keys();
    yield* this.#sites.keys();
  }

  /** Puts the original bytes into a copy of the memory. */
  restoreAll(memory: RawMemory): void {
    for (const site of [...this.#removed.values(), ...this.#sites.values()]) this.#restore(site, memory);
  }

  /** One of several processes that had this memory has left it. */
  guardAll(): void {
    for (const site of this.#sites.values()) this.#guard(site.address, site.original);
  }

  /** Nothing runs, and every fork has been told of. */
  forgetRemoved(): void {
    this.#removed.clear();
  }

  /** `heir` wants from now on what `owner` wants. */
  share(owner: BreakpointOwner, heir: BreakpointOwner): void {
    for (const site of this.#sites.values()) {
      const programs = site.owners.get(owner);
      if (programs === undefined) continue;
      site.owners.set(heir, programs);
      this.#tellPrograms(site);
    }
  }

  /** Into the tables of a copy of the memory, whose bytes are looked at in `settleCopy`. */
  copyTo(copy: BreakpointSites): void {
    for (const site of this.#removed.values()) copy.#removed.set(site.address, site);
    for (const site of this.#sites.values())
      copy.#sites.set(site.address, {
        ...site,
        original: site.original.slice(),
        owners: new Map(),
        checkpoints: 0,
      });
    for (const address of this.#programmed) copy.#programmed.add(address);
    for (const [address, known] of this.#plans) copy.#plans.set(address, { ...known });
  }

  /**
   * Makes a copy, which nobody has run in yet, hold those sites of `original` that `owners` want, and no others. Both
   * may have changed since the memory was copied.
   */
  settleCopy(original: BreakpointSites, owners: ReadonlySet<BreakpointOwner>): void {
    const wanted = [...original.#sites.values()].flatMap((site) => {
      const wanting = [...site.owners].filter(([owner]) => owners.has(owner));
      return wanting.length > 0 ? [{ address: site.address, wanting }] : [];
    });
    for (const site of this.#removed.values()) this.#restore(site, this.#memory);
    this.#removed.clear();
    for (const known of this.#plans.values()) if (!this.#slots.holds(known.slot)) known.slot = undefined;
    const kept = new Set(wanted.map(({ address }) => address));
    for (const site of [...this.#sites.values()]) if (!kept.has(site.address)) this.#takeOut(site);
    for (const { address, wanting } of wanted)
      for (const [owner, programs] of wanting) this.#keep(address, owner, programs);
  }

  #keep(address: bigint, owner: BreakpointOwner, programs: BreakpointPrograms): void {
    try {
      const site = this.#sites.get(address);
      if (site !== undefined && site.owners.size === 0) this.#guard(address, site.original);
      this.insert(address, owner, programs);
      const known = this.#plans.get(address);
      const kept = this.#sites.get(address);
      if (known !== undefined && kept !== undefined)
        this.#declare(address, nativePlan(known.plan, known.slot, kept.original));
    } catch (error) {
      this.#tracer.warn('a breakpoint is missing in a child process', error);
    }
  }

  /** For a step in place: the original bytes for as long as every other thread is held. */
  lift(address: bigint): void {
    const site = this.#sites.get(address);
    if (site !== undefined) this.#restore(site, this.#memory);
  }

  /** Puts the trap back after `lift`, unless the site was removed meanwhile. */
  lower(address: bigint): void {
    const site = this.#sites.get(address);
    if (site !== undefined) this.#memory.write(address, site.trap);
  }

  /**
   * Gets a slot for a plan that needs one, through a stopped thread. False: the site must be stepped in place.
   */
  provideSlot(address: bigint, thread: Thread): boolean {
    const site = this.#sites.get(address);
    const known = this.#plans.get(address);
    if (site === undefined || known === undefined || site.plan.kind !== 'slot' || known.slot !== undefined)
      return false;
    if (this.#readsSite(site.plan)) return false;
    known.slot = this.#slots.place(site.plan, address, thread);
    if (known.slot === undefined) return false;
    this.#declare(address, nativePlan(site.plan, known.slot, site.original));
    return true;
  }

  #takeOut(site: Site): void {
    this.#sites.delete(site.address);
    this.#programmed.delete(site.address);
    for (const space of this.#space.nativeSpaces()) this.#native.removeSite(space, site.address);
    this.#restore(site, this.#memory);
    this.#unguard(site.address);
  }

  #declare(address: bigint, plan: NativePlan): void {
    for (const space of this.#space.nativeSpaces()) this.#native.setSite(space, address, plan);
  }

  /** An operand that overlaps a site's bytes would see the trap. */
  #readsSite(plan: Extract<Plan, { kind: 'slot' }>): boolean {
    if (plan.operandAddress === undefined) return false;
    const widestOperandBytes = 64;
    for (const _site of this.shadowsWithin(plan.operandAddress, widestOperandBytes)) return true;
    return false;
  }

  /** Breakpoints work without the sentinel: that there is none is worth a warning. */
  #guard(address: bigint, original: Uint8Array): void {
    try {
      for (const space of this.#space.nativeSpaces()) this.#native.guard(space, address, original);
    } catch (error) {
      if (!isNativeError(error)) throw error;
      this.#tracer.warn('if this server is killed, breakpoints will stay in programs it attached to', error);
    }
  }

  #unguard(address: bigint): void {
    for (const space of this.#space.nativeSpaces()) this.#native.unguard(space, address);
  }

  #originalText(address: bigint): Uint8Array {
    const text = new Uint8Array(this.#arch.maxInstructionBytes);
    const readable = text.subarray(0, this.#memory.read(address, text));
    for (const shadow of this.shadowsWithin(address, readable.length)) {
      const shift = Number(shadow.address - address);
      shadow.original.forEach((byte, index) => {
        if (readable[shift + index] === shadow.trap[index]) readable[shift + index] = byte;
      });
    }
    return readable;
  }

  #planFor(address: bigint, text: Uint8Array): KnownPlan {
    const known = this.#plans.get(address);
    if (known !== undefined && sameBytes(known.text, text)) return known;
    const made: KnownPlan = { text, plan: this.#arch.plan(text, address), slot: undefined };
    this.#plans.set(address, made);
    return made;
  }

  /** Only where the trap still is: the mapping may have been replaced under it. */
  #restore(site: Site, memory: RawMemory): void {
    if (this.#isInMemory(site, memory)) memory.write(site.address, site.original);
  }

  #isInMemory(site: Site, memory: RawMemory): boolean {
    const now = new Uint8Array(site.trap.length);
    return memory.read(site.address, now) === now.length && sameBytes(now, site.trap);
  }
}

function nativePlan(plan: Plan, slot: PlacedSlot | undefined, original: Uint8Array): NativePlan {
  switch (plan.kind) {
    case 'emulate':
      return { kind: 'emulate', lengthBytes: plan.lengthBytes, effect: plan.effect, original };
    case 'slot':
      if (slot === undefined) return { kind: 'refuse', lengthBytes: plan.lengthBytes, original };
      return {
        kind: 'slot',
        lengthBytes: plan.lengthBytes,
        slot: slot.address,
        slotLengthBytes: slot.lengthBytes,
        fixups: plan.fixups,
        original,
      };
    case 'refuse':
      return { kind: 'refuse', lengthBytes: 0, original };
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

function accessError(what: string, address: bigint): OutstepError {
  return new OutstepError(errorCodes.MEMORY, `cannot ${what} memory at ${hex(address)} for a breakpoint`);
}
