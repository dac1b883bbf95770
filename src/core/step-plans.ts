/** Plans for going past the breakpoint sites of a memory, with their slots; kept for sites that come and go. */
import type { ArchModule } from '../../arch/module.js';
import type { Plan, Surroundings } from '../../arch/plan.js';
import type { NativePlan } from '../native/binding-types.js';
import type { PlacedSlot, Slots } from './slots.js';
import type { Thread } from './thread.js';

/** The text that a plan is made from, as much as was readable of it. */
export interface SiteText {
  /** From the address of the site on. */
  readonly text: Uint8Array;
  /** Right in front of it. */
  readonly before: Uint8Array;
}

/** What a plan depends on that is asked when it has to be made. */
export interface Protection {
  readonly isFixed: boolean;
  readonly isGuarded: boolean;
}

/** A plan for the text at an address. */
export interface StepPlan {
  readonly address: bigint;
  readonly siteText: SiteText;
  readonly plan: Plan;
  /** The program cannot write to its text. */
  readonly isFixed: boolean;
  slot: PlacedSlot | undefined;
  /** Why no slot can be had. */
  refusal: string | undefined;
}

/** How many plans are kept of sites that are gone. */
const keptPlans = 2048;

export class StepPlans {
  readonly #arch: ArchModule;
  readonly #slots: Slots;
  readonly #plans = new Map<bigint, StepPlan>();
  /** Addresses without a site, the longest so first. */
  readonly #idle = new Set<bigint>();

  constructor(arch: ArchModule, slots: Slots) {
    this.#arch = arch;
    this.#slots = slots;
  }

  /** The plan for a site. `protection` is asked when it has to be made. */
  use(address: bigint, siteText: SiteText, protection: () => Protection): StepPlan {
    this.#idle.delete(address);
    const known = this.#plans.get(address);
    if (known !== undefined && sameText(known.siteText, siteText)) return known;
    this.#drop(known);
    const { isFixed, isGuarded } = protection();
    const surroundings: Surroundings = { before: siteText.before, isGuarded };
    const made = {
      address,
      siteText,
      plan: this.#arch.plan(siteText.text, address, surroundings),
      isFixed,
      slot: undefined,
      refusal: undefined,
    };
    this.#plans.set(address, made);
    return made;
  }

  /** The site at an address is gone. */
  leave(address: bigint): void {
    this.#idle.add(address);
    if (this.#idle.size <= keptPlans) return;
    for (const [oldest] of this.#idle.entries()) {
      this.#idle.delete(oldest);
      this.#drop(this.#plans.get(oldest));
      this.#plans.delete(oldest);
      return;
    }
  }

  /** Gets a slot for a plan that has none, through a stopped thread. False: there is none to be had. */
  provideSlot(known: StepPlan, thread: Thread): boolean {
    const form = known.plan.kind === 'refuse' ? undefined : known.plan.slot;
    if (form === undefined || known.plan.kind === 'refuse' || known.slot || known.refusal) return false;
    const { operandAddress } = known.plan;
    const placement = this.#slots.place({ form, site: known.address, operandAddress }, thread);
    if (placement.kind === 'placed') known.slot = placement.slot;
    if (placement.kind === 'none') known.refusal = placement.reason;
    return placement.kind === 'placed';
  }

  copyTo(copy: StepPlans): void {
    for (const [address, known] of this.#plans) copy.#plans.set(address, { ...known });
    for (const address of this.#idle) copy.#idle.add(address);
  }

  /** Forgets the slots that a copy of the memory came too early for. @returns whether there were any. */
  settleCopy(): boolean {
    let isAnyMissing = false;
    for (const known of this.#plans.values()) {
      if (known.slot === undefined || this.#slots.holds(known.slot)) continue;
      known.slot = undefined;
      isAnyMissing = true;
    }
    return isAnyMissing;
  }

  /** The plan at an address, of a site or kept. */
  at(address: bigint): StepPlan | undefined {
    return this.#plans.get(address);
  }

  #drop(known: StepPlan | undefined): void {
    if (known?.slot !== undefined) this.#slots.retire(known.slot);
  }
}

/** In the form of native code; `isBarred`: it must be stepped in place. */
export function nativePlan(known: StepPlan, original: Uint8Array, isBarred: boolean): NativePlan {
  const { plan, slot, isFixed } = known;
  const { text } = known.siteText;
  const lengthBytes = plan.kind === 'refuse' ? 0 : plan.lengthBytes;
  const instruction = lengthBytes === 0 ? {} : { text: text.slice(0, lengthBytes) };
  if (plan.kind === 'refuse' || isBarred || (plan.kind === 'slot' && slot === undefined))
    return { kind: 'refuse', lengthBytes, original, ...instruction, ...slotPart(known) };
  const checked = isFixed ? {} : { checkedText: text.slice(0, lengthBytes) };
  const { barredBranchTypes } = plan;
  const sequence = plan.sequence === undefined ? {} : { isInSequence: true };
  const rest = {
    ...{ lengthBytes, original, barredBranchTypes },
    ...{ ...instruction, ...checked, ...sequence, ...slotPart(known) },
  };
  return plan.kind === 'emulate'
    ? { kind: 'emulate', effect: plan.effect, ...rest }
    : { kind: 'slot', ...rest };
}

function slotPart({ plan, slot }: StepPlan): Partial<NativePlan> {
  if (slot === undefined || plan.kind === 'refuse' || plan.slot === undefined) return {};
  const { fixups, barredStackBits, makesSystemCall } = plan.slot;
  const { address, bytes, instructionBytes, entryOffset, parts } = slot;
  const place = { address, lengthBytes: bytes.length, instructionBytes, entryOffset, parts };
  return { slot: { ...place, fixups, barredStackBits, makesSystemCall } };
}

/** How threads go past a site, and where they must be held for it, why. */
export function describeStep({ plan, slot, refusal }: StepPlan, isBarred: boolean): string {
  if (plan.kind === 'refuse') return `in place: ${plan.reason}`;
  if (isBarred) return 'in place: its operand holds a breakpoint';
  if (plan.kind === 'emulate') return `emulated: ${plan.effect.op}`;
  if (slot !== undefined) return `in a slot at 0x${slot.address.toString(16)}`;
  return refusal === undefined ? 'in a slot, from the first hit on' : `in place: ${refusal}`;
}

export function sameText(a: SiteText, b: SiteText): boolean {
  return sameBytes(a.text, b.text) && sameBytes(a.before, b.before);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
