/** Breakpoint sites of one address space: the engines that want them, and the plan for going past each. */
import type { ArchModule } from '../../arch/module.js';
import type { Sequence } from '../../arch/plan.js';
import { errorCodes, isOutstepError, OutstepError } from '../base/errors.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { AddressSpace } from './address-space.js';
import {
  type BreakpointOwner,
  type BreakpointPrograms,
  nativePrograms,
  noPrograms,
  programsFault,
} from './breakpoint-programs.js';
import type { RawMemory, Shadow, ShadowSource } from './memory.js';
import { prepareForOurEnd } from './orphan-handler.js';
import { type Site, SiteTable } from './site-table.js';
import type { Slots } from './slots.js';
import { describeStep, nativePlan, type SiteText, type StepPlan, StepPlans, sameText } from './step-plans.js';
import type { Thread } from './thread.js';
import type { Tracer } from './tracer.js';
import { TrapBytes } from './trap-bytes.js';

/** What an owner wants at an address. */
export interface SiteWish {
  readonly address: bigint;
  readonly programs: BreakpointPrograms;
}

export class BreakpointSites implements ShadowSource {
  readonly #tracer: Tracer;
  readonly #native: NativeTracer;
  readonly #space: AddressSpace;
  readonly #traps: TrapBytes;
  readonly #arch: ArchModule;
  readonly #slots: Slots;
  readonly #sites: SiteTable;
  readonly #plans: StepPlans;
  /** Out of the memory for a step in place. */
  #lifted: readonly Site[] = [];
  #hasWarned = false;
  /** Sites whose hits native code decides by programs. */
  readonly #programmed = new Set<bigint>();
  /** Another number whenever the sites, or what is wanted of them, are others. */
  #version = 0;
  /** The original's when this copy was made. */
  #copiedVersion: number | undefined;
  /** Taken out while threads ran: a fork that nobody has told of yet may have copied the trap. */
  readonly #removed = new Map<bigint, Site>();

  constructor(tracer: Tracer, space: AddressSpace) {
    this.#tracer = tracer;
    this.#native = tracer.native;
    this.#space = space;
    this.#traps = new TrapBytes(tracer, space);
    this.#arch = space.machine.arch;
    this.#slots = space.slots;
    this.#sites = new SiteTable(this.#arch.breakpoint.bytes.length);
    this.#plans = new StepPlans(this.#arch, this.#slots);
  }

  *shadowsWithin(address: bigint, lengthBytes: number): Iterable<Shadow> {
    yield* this.#sites.within(address, lengthBytes);
    yield* this.#slots.shadowsWithin(address, lengthBytes);
  }

  has(address: bigint, owner?: BreakpointOwner): boolean {
    const site = this.#sites.get(address);
    return site !== undefined && (owner === undefined || site.owners.has(owner));
  }

  /** Whether how threads go past a site may depend on which others there are. */
  get readEachOther(): boolean {
    return this.#sites.readEachOther;
  }

  /**
   * Inserting again replaces the programs.
   * @throws OutstepError MEMORY when the address cannot be read or written, UNSUPPORTED inside slot memory.
   */
  insert(address: bigint, owner: BreakpointOwner, programs: BreakpointPrograms = noPrograms): void {
    const [error] = this.insertAll([{ address, programs }], owner);
    if (error !== undefined) throw error;
  }

  /** As `insert` for many, all placed at once: for each undefined, or its error. */
  insertAll(wishes: readonly SiteWish[], owner: BreakpointOwner): (OutstepError | undefined)[] {
    const faults = wishes.map(({ programs }) => programsFault(programs));
    const possible = wishes.filter((_wish, index) => faults[index] === undefined);
    const errors = this.#placeMissing(possible.map(({ address }) => address));
    return wishes.map(({ address, programs }, index) => {
      const error = faults[index] ?? errors.get(address);
      const site = this.#sites.get(address);
      if (error !== undefined || site === undefined) return error;
      site.owners.set(owner, programs);
      this.#version += 1;
      this.#tellPrograms(site);
      return undefined;
    });
  }

  /** Sites where there are none, or where the trap went with its mapping, that of a library which has come back. */
  #placeMissing(addresses: readonly bigint[]): ReadonlyMap<bigint, OutstepError> {
    const errors = new Map<bigint, OutstepError>();
    const missing = [...new Set(addresses)].filter((address) => {
      const present = this.#sites.get(address);
      if (present !== undefined && this.#traps.isIn(present)) return false;
      if (this.#slots.contains(address)) errors.set(address, slotError(address));
      return !errors.has(address);
    });
    if (missing.length === 0) return errors;
    const places = this.#traps.placesAt(missing, (from, length) => this.shadowsWithin(from, length));
    this.#space.orphanHandler.cover(missing);
    for (const process of this.#space.processes) prepareForOurEnd(process);
    const placed: Site[] = [];
    for (const { place, shadow } of this.#traps.putAll(places)) {
      if (isOutstepError(shadow)) errors.set(place.address, shadow);
      else placed.push(this.#place(shadow, place));
    }
    for (const site of placed) this.#enter(site);
    return errors;
  }

  #place(shadow: Shadow, siteText: SiteText): Site {
    const { address } = shadow;
    this.#removed.delete(address);
    const present = this.#sites.get(address);
    const owners = new Map(present?.owners);
    const checkpoints = present?.checkpoints ?? 0;
    const site = { ...shadow, owners, known: this.#planFor(address, siteText), checkpoints };
    this.#sites.set(site);
    return site;
  }

  /** A site is new in the tables, or has another plan. */
  #enter(site: Site): void {
    this.#version += 1;
    this.#sites.noteReader(site);
    this.#declare(site);
    this.#declareReaders(site);
  }

  #planFor(address: bigint, siteText: SiteText): StepPlan {
    return this.#plans.use(address, siteText, () => ({
      isFixed: this.#space.isFixedText(address),
      isGuarded: this.#space.isGuarded(address),
    }));
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
    this.removeAll([address], owner);
  }

  /** As `remove` for many, all taken out at once. */
  removeAll(addresses: Iterable<bigint>, owner: BreakpointOwner): void {
    const left = [...addresses].flatMap((address) => {
      const site = this.#sites.get(address);
      return site?.owners.delete(owner) === true ? [site] : [];
    });
    this.#version += left.length;
    this.#takeOutUnwanted(left);
  }

  #takeOutUnwanted(sites: readonly Site[]): void {
    const isWanted = ({ owners, checkpoints }: Site): boolean => owners.size > 0 || checkpoints > 0;
    for (const site of sites.filter(isWanted)) this.#tellPrograms(site);
    const unwanted = sites.filter((site) => !isWanted(site));
    this.#takeOut(unwanted);
    for (const site of unwanted) this.#removed.set(site.address, site);
  }

  /**
   * A site of the core's own: threads that nothing else is to be told of there go past it in native code, out of line.
   * Counted. False: it cannot be gone past so; `thread`, a stopped one, gets it a slot when it needs one.
   * @throws OutstepError as `insert`
   */
  addCheckpoint(address: bigint, thread: Thread | undefined): boolean {
    const error = this.#placeMissing([address]).get(address);
    if (error !== undefined) throw error;
    const site = this.#sites.get(address);
    if (site === undefined) return false;
    const isPassable =
      site.known.plan.kind !== 'refuse' && (thread === undefined || this.#hasSlot(site, thread));
    if (isPassable) site.checkpoints += 1;
    this.#takeOutUnwanted([site]);
    return isPassable;
  }

  dropCheckpoint(address: bigint): void {
    const site = this.#sites.get(address);
    if (site === undefined || site.checkpoints === 0) return;
    site.checkpoints -= 1;
    this.#takeOutUnwanted([site]);
  }

  #hasSlot({ address, known }: Site, thread: Thread): boolean {
    const isThere = known.plan.kind === 'emulate' || known.slot !== undefined;
    return isThere || this.provideSlot(address, thread);
  }

  removeAllOf(owner: BreakpointOwner): void {
    this.removeAll(this.#sites.addresses(), owner);
  }

  originalChanged(shadow: Shadow): void {
    const site = this.#sites.get(shadow.address);
    if (site === shadow) this.#traps.guard(site);
  }

  /** Makes another plan where the text is another one. False: it is the same. */
  #refresh(site: Site): boolean {
    const siteText = this.#siteText(site.address);
    if (sameText(siteText, site.known.siteText)) return false;
    site.known = this.#planFor(site.address, siteText);
    this.#enter(site);
    return true;
  }

  written(address: bigint, lengthBytes: number): void {
    const { fromBytes, beforeBytes } = this.#arch.planReach;
    const reach = lengthBytes + fromBytes + beforeBytes;
    for (const site of this.#sites.within(address - BigInt(fromBytes), reach)) this.#refresh(site);
    this.#space.rangeRuns.written(address, lengthBytes);
  }

  /** Where traps are in memory. */
  *addresses(): Iterable<bigint> {
    yield* this.#removed.keys();
    yield* this.#sites.addresses();
  }

  /** Puts the original bytes into a copy of the memory. */
  restoreAll(memory: RawMemory): void {
    for (const site of [...this.#removed.values(), ...this.#sites.all()]) this.#traps.takeOut(site, memory);
  }

  /** One of several processes that had this memory has left it. */
  guardAll(): void {
    for (const site of this.#sites.all()) this.#traps.guard(site);
  }

  /** Nothing runs, and every fork has been told of. */
  forgetRemoved(): void {
    this.#removed.clear();
  }

  /** `heir` wants from now on what `owner` wants. */
  share(owner: BreakpointOwner, heir: BreakpointOwner): void {
    for (const site of this.#sites.all()) {
      const programs = site.owners.get(owner);
      if (programs === undefined) continue;
      site.owners.set(heir, programs);
      this.#version += 1;
      this.#tellPrograms(site);
    }
  }

  /** Into the tables of a copy of the memory, whose bytes are looked at in `settleCopy`. */
  copyTo(copy: BreakpointSites): void {
    copy.#copiedVersion = this.#version;
    for (const site of this.#removed.values()) copy.#removed.set(site.address, site);
    for (const address of this.#programmed) copy.#programmed.add(address);
    this.#plans.copyTo(copy.#plans);
    for (const site of this.#sites.all())
      copy.#sites.set({
        ...site,
        original: site.original.slice(),
        owners: new Map(),
        checkpoints: 0,
        known: copy.#plans.at(site.address) ?? site.known,
      });
  }

  /**
   * Makes a copy, which nobody has run in yet, hold those sites of `original` that `owners` want, and no others. Both
   * may have changed since the memory was copied.
   */
  settleCopy(original: BreakpointSites, owners: ReadonlySet<BreakpointOwner>): void {
    const wanted = [...original.#sites.all()].flatMap((site) => {
      const wanting = [...site.owners].filter(([owner]) => owners.has(owner));
      return wanting.length > 0 ? [{ address: site.address, wanting }] : [];
    });
    for (const site of this.#removed.values()) this.#traps.takeOut(site);
    this.#removed.clear();
    const isComplete = !this.#plans.settleCopy();
    const kept = new Set(wanted.map(({ address }) => address));
    this.#takeOut([...this.#sites.all()].filter(({ address }) => !kept.has(address)));
    const isSame = isComplete && original.#version === this.#copiedVersion;
    for (const { address, wanting } of wanted) {
      if (isSame && this.#keepAll(original.#sites.get(address), wanting)) continue;
      for (const [owner, programs] of wanting) this.#keep(address, owner, programs);
    }
  }

  /** A site that is still as it was copied, and of which everybody keeps what they want. False: it is not so. */
  #keepAll(original: Site | undefined, wanting: readonly [BreakpointOwner, BreakpointPrograms][]): boolean {
    const site = original && this.#sites.get(original.address);
    if (site === undefined || original?.owners.size !== wanting.length) return false;
    for (const [owner, programs] of wanting) site.owners.set(owner, programs);
    this.#traps.guard(site);
    return true;
  }

  #keep(address: bigint, owner: BreakpointOwner, programs: BreakpointPrograms): void {
    try {
      const site = this.#sites.get(address);
      if (site !== undefined && site.owners.size === 0) this.#traps.guard(site);
      this.insert(address, owner, programs);
      const kept = this.#sites.get(address);
      if (kept !== undefined) this.#declare(kept);
    } catch (error) {
      this.#tracer.warn('a breakpoint is missing in a child process', error);
    }
  }

  /** For a step in place: the original bytes, those of its operand as well, for as long as every other thread is held. */
  lift(address: bigint): void {
    const site = this.#sites.get(address);
    if (site === undefined) return;
    this.#lifted = [...new Set([site, ...this.#sites.readBy(site)])];
    for (const lifted of this.#lifted) this.#traps.takeOut(lifted);
  }

  /** Puts the traps back after `lift`, but those that were removed meanwhile. The instruction may have written there. */
  lower(): void {
    const lifted = this.#lifted.filter((site) => this.#sites.get(site.address) === site);
    this.#lifted = [];
    for (const site of lifted) this.#traps.readOriginal(site);
    for (const site of lifted) this.#traps.putBack(site);
    for (const site of lifted) this.#refresh(site);
  }

  /**
   * Gets a slot for a plan that needs one, through a stopped thread, or another plan where the program has changed the
   * instruction. False: the site must be stepped in place.
   */
  provideSlot(address: bigint, thread: Thread): boolean {
    const site = this.#sites.get(address);
    if (site === undefined) return false;
    const isChanged = this.#refresh(site);
    if (isChanged && site.known.plan.kind === 'emulate') return true;
    if (this.#readsSite(site)) return false;
    if (!this.#plans.provideSlot(site.known, thread)) {
      this.#warnOfRefusal(site.known);
      return false;
    }
    this.#declare(site);
    return true;
  }

  /** The sequence that a site is in. */
  sequenceAt(address: bigint): Sequence | undefined {
    const plan = this.#sites.get(address)?.known.plan;
    return plan === undefined || plan.kind === 'refuse' ? undefined : plan.sequence;
  }

  /** How threads go past the site at an address; undefined: there is none. */
  describe(address: bigint): string | undefined {
    const site = this.#sites.get(address);
    return site && describeStep(site.known, this.#readsSite(site));
  }

  /** As `describe`, of every site. */
  *descriptions(): Iterable<readonly [address: bigint, how: string]> {
    for (const site of this.#sites.all())
      yield [site.address, describeStep(site.known, this.#readsSite(site))];
  }

  #warnOfRefusal({ refusal }: StepPlan): void {
    if (refusal === undefined || this.#hasWarned) return;
    this.#hasWarned = true;
    const [process] = this.#space.processes;
    const message = `process ${process?.pid} stops all its threads to go past some of its breakpoints`;
    this.#tracer.warn(message, new OutstepError(errorCodes.UNSUPPORTED, `no slot: ${refusal}`));
  }

  #takeOut(sites: readonly Site[]): void {
    if (sites.length === 0) return;
    for (const { address } of sites) {
      this.#programmed.delete(address);
      for (const space of this.#space.nativeSpaces()) this.#native.removeSite(space, address);
    }
    this.#traps.takeOutAll(sites);
    for (const site of sites) this.#sites.delete(site);
    for (const site of sites) {
      this.#traps.unguard(site.address);
      this.#plans.leave(site.address);
      this.#declareReaders(site);
    }
  }

  #declare(site: Site): void {
    const plan = nativePlan(site.known, site.original, this.#readsSite(site));
    for (const space of this.#space.nativeSpaces()) this.#native.setSite(space, site.address, plan);
  }

  /** An operand that overlaps a site's bytes would see the trap. */
  #readsSite(site: Site): boolean {
    return this.#sites.readBy(site).length > 0;
  }

  /** A site has come or gone, which others may have in their operands. */
  #declareReaders(site: Site): void {
    for (const reader of this.#sites.readersOf(site)) this.#declare(reader);
  }

  #siteText(address: bigint): SiteText {
    return this.#traps.siteText(address, (from, lengthBytes) => this.shadowsWithin(from, lengthBytes));
  }
}

function slotError(address: bigint): OutstepError {
  const at = `0x${address.toString(16)}`;
  return new OutstepError(errorCodes.UNSUPPORTED, `no breakpoint can be set in slot memory (${at})`);
}
