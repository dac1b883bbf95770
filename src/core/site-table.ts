/** Which breakpoint sites a memory has, and which of them lie in what others read. */
import type { BreakpointOwner, BreakpointPrograms } from './breakpoint-programs.js';
import type { Shadow } from './memory.js';
import type { StepPlan } from './step-plans.js';

export interface Site extends Shadow {
  readonly owners: Map<BreakpointOwner, BreakpointPrograms>;
  /** Wishes of the core itself, of which no engine hears. */
  checkpoints: number;
  known: StepPlan;
}

interface Operand {
  readonly address: bigint;
  readonly lengthBytes: number;
}

export class SiteTable {
  readonly #sites = new Map<bigint, Site>();
  /** Sites whose instruction has an operand relative to the pc. */
  readonly #readers = new Set<bigint>();
  readonly #trapBytes: number;

  constructor(trapBytes: number) {
    this.#trapBytes = trapBytes;
  }

  get(address: bigint): Site | undefined {
    return this.#sites.get(address);
  }

  /** In the order in which they came. */
  all(): Iterable<Site> {
    return this.#sites.values();
  }

  addresses(): Iterable<bigint> {
    return this.#sites.keys();
  }

  set(site: Site): void {
    this.#sites.set(site.address, site);
    this.noteReader(site);
  }

  delete({ address }: Site): void {
    this.#sites.delete(address);
    this.#readers.delete(address);
  }

  /** Those whose bytes overlap [address, address + lengthBytes). */
  *within(address: bigint, lengthBytes: number): Iterable<Site> {
    const first = address - BigInt(this.#trapBytes - 1);
    const end = address + BigInt(lengthBytes);
    const isFew = Number(end - first) < this.#sites.size;
    if (!isFew) {
      for (const site of this.#sites.values()) if (site.address >= first && site.address < end) yield site;
      return;
    }
    for (let at = first; at < end; at += 1n) {
      const site = this.#sites.get(at);
      if (site !== undefined) yield site;
    }
  }

  /** Whether how threads go past a site may depend on which others there are. */
  get readEachOther(): boolean {
    return this.#readers.size > 0;
  }

  /** The plan of a site is another one. */
  noteReader(site: Site): void {
    if (operandOf(site) === undefined) this.#readers.delete(site.address);
    else this.#readers.add(site.address);
  }

  /** Sites whose bytes the instruction of `site` reads: it would see the traps. */
  readBy(site: Site): readonly Site[] {
    const operand = operandOf(site);
    return operand === undefined ? [] : [...this.within(operand.address, operand.lengthBytes)];
  }

  /** Sites whose instruction reads the bytes of `site`. */
  *readersOf({ address, original }: Site): Iterable<Site> {
    for (const reader of this.#readers) {
      const site = this.#sites.get(reader);
      const operand = site && operandOf(site);
      if (operand === undefined || site === undefined) continue;
      const isRead =
        operand.address < address + BigInt(original.length) &&
        operand.address + BigInt(operand.lengthBytes) > address;
      if (isRead) yield site;
    }
  }
}

function operandOf({ known: { plan } }: Site): Operand | undefined {
  if (plan.kind === 'refuse' || plan.operandAddress === undefined) return undefined;
  return { address: plan.operandAddress, lengthBytes: plan.operandBytes };
}
