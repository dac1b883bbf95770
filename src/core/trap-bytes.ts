/** Traps as bytes in a memory: writing them, the originals that they hide, and what the sentinel is told of both. */
import type { ArchModule } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError } from '../native/binding.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { AddressSpace } from './address-space.js';
import type { BatchMemory, RawMemory, Shadow } from './memory.js';
import { type SiteText, sameBytes } from './step-plans.js';
import type { Tracer } from './tracer.js';

const pageBytes = 4096n;

/** Where a trap is to be put. */
export interface TrapPlace extends SiteText {
  readonly address: bigint;
}

type ShadowsWithin = (address: bigint, lengthBytes: number) => Iterable<Shadow>;

export class TrapBytes {
  readonly #tracer: Tracer;
  readonly #native: NativeTracer;
  readonly #space: AddressSpace;
  readonly #memory: BatchMemory;
  readonly #arch: ArchModule;

  constructor(tracer: Tracer, space: AddressSpace) {
    this.#tracer = tracer;
    this.#native = tracer.native;
    this.#space = space;
    this.#memory = space.rawMemory;
    this.#arch = space.machine.arch;
  }

  /**
   * Writes a trap over each text.
   * @returns for each the bytes that it hides, or a MEMORY error where the address cannot be read or written
   */
  putAll(
    places: readonly TrapPlace[],
  ): { readonly place: TrapPlace; readonly shadow: Shadow | OutstepError }[] {
    const trap = this.#arch.breakpoint.bytes;
    const readable = places.filter(({ text }) => text.length >= trap.length);
    const shadows = new Map(
      readable.map(({ address, text }) => [address, { address, original: text.slice(0, trap.length), trap }]),
    );
    for (const shadow of shadows.values()) this.guard(shadow);
    const written = new Set(this.#write(readable.map(({ address }) => ({ address, bytes: trap }))));
    return places.map((place) => {
      const { address } = place;
      const shadow = shadows.get(address);
      if (shadow === undefined) return { place, shadow: accessError('read', address) };
      if (written.has(address)) return { place, shadow };
      this.unguard(address);
      return { place, shadow: accessError('write', address) };
    });
  }

  /** @returns the addresses where all could be written */
  #write(writes: readonly { readonly address: bigint; readonly bytes: Uint8Array }[]): bigint[] {
    const lengths = Uint32Array.from(writes, ({ bytes }) => bytes.length);
    const addresses = BigUint64Array.from(writes, ({ address }) => address);
    this.#memory.writeRanges(addresses, lengths, joined(writes.map(({ bytes }) => bytes)));
    return writes.flatMap(({ address, bytes }, index) => (lengths[index] === bytes.length ? [address] : []));
  }

  /** Puts a trap back that was taken out for a moment. */
  putBack({ address, trap }: Shadow): void {
    this.#memory.write(address, trap);
  }

  /** Only where the trap still is: the mapping may have been replaced under it. */
  takeOut(shadow: Shadow, memory: RawMemory = this.#memory): void {
    if (this.isIn(shadow, memory)) memory.write(shadow.address, shadow.original);
  }

  /** As `takeOut`, of many. */
  takeOutAll(shadows: readonly Shadow[]): void {
    const lengths = Uint32Array.from(shadows, ({ trap }) => trap.length);
    const addresses = BigUint64Array.from(shadows, ({ address }) => address);
    const now = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
    this.#memory.readRanges(addresses, lengths, now);
    let at = 0;
    const present = shadows.filter(({ trap }, index) => {
      const read = now.subarray(at, at + (lengths[index] ?? 0));
      at += trap.length;
      return sameBytes(read, trap);
    });
    this.#write(present.map(({ address, original }) => ({ address, bytes: original })));
  }

  isIn({ address, trap }: Shadow, memory: RawMemory = this.#memory): boolean {
    const now = new Uint8Array(trap.length);
    return memory.read(address, now) === now.length && sameBytes(now, trap);
  }

  /** Of a trap that is out for a moment: the program may have written there meanwhile. */
  readOriginal(shadow: Shadow): void {
    const now = new Uint8Array(shadow.original.length);
    if (this.#memory.read(shadow.address, now) !== now.length || sameBytes(now, shadow.original)) return;
    shadow.original.set(now);
    this.guard(shadow);
  }

  /**
   * As much of the text that a plan for an address needs as is readable; `shadowsWithin` has the traps there. What is in
   * front of the address may be unreadable, or at least what is on another page.
   */
  siteText(address: bigint, shadowsWithin: ShadowsWithin): SiteText {
    const { fromBytes, beforeBytes } = this.#arch.planReach;
    const inPage = Number(address % pageBytes);
    for (const wanted of new Set([beforeBytes, Math.min(beforeBytes, inPage)])) {
      const text = this.#originalText(address - BigInt(wanted), wanted + fromBytes, shadowsWithin);
      if (text.length > wanted) return { before: text.slice(0, wanted), text: text.slice(wanted) };
    }
    return { before: new Uint8Array(), text: new Uint8Array() };
  }

  /** As `siteText` for many, all read at once. */
  placesAt(addresses: readonly bigint[], shadowsWithin: ShadowsWithin): TrapPlace[] {
    const { fromBytes, beforeBytes } = this.#arch.planReach;
    const reach = beforeBytes + fromBytes;
    const lengths = new Uint32Array(addresses.length).fill(reach);
    const starts = BigUint64Array.from(addresses, (address) => address - BigInt(beforeBytes));
    const texts = new Uint8Array(addresses.length * reach);
    this.#memory.readRanges(starts, lengths, texts);
    return addresses.map((address, index) => {
      const length = lengths[index] ?? 0;
      if (length <= beforeBytes) return { address, ...this.siteText(address, shadowsWithin) };
      const read = texts.slice(index * reach, index * reach + length);
      const text = withOriginals(read, address - BigInt(beforeBytes), shadowsWithin);
      return { address, before: text.slice(0, beforeBytes), text: text.slice(beforeBytes) };
    });
  }

  #originalText(address: bigint, lengthBytes: number, shadowsWithin: ShadowsWithin): Uint8Array {
    const text = new Uint8Array(lengthBytes);
    const readable = text.subarray(0, this.#memory.read(address, text));
    return withOriginals(readable, address, shadowsWithin);
  }

  /** Breakpoints work without the sentinel: that there is none is worth a warning. */
  guard({ address, original }: Shadow): void {
    try {
      for (const space of this.#space.nativeSpaces()) this.#native.guard(space, address, original);
    } catch (error) {
      if (!isNativeError(error)) throw error;
      this.#tracer.warn('if this server is killed, breakpoints will stay in programs it attached to', error);
    }
  }

  unguard(address: bigint): void {
    for (const space of this.#space.nativeSpaces()) this.#native.unguard(space, address);
  }
}

/** `text`, which was read at `address`, with what stands under traps in it. */
function withOriginals(text: Uint8Array, address: bigint, shadowsWithin: ShadowsWithin): Uint8Array {
  for (const shadow of shadowsWithin(address, text.length)) {
    const shift = Number(shadow.address - address);
    shadow.original.forEach((byte, index) => {
      if (text[shift + index] === shadow.trap[index]) text[shift + index] = byte;
    });
  }
  return text;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function accessError(what: string, address: bigint): OutstepError {
  const at = `0x${address.toString(16)}`;
  return new OutstepError(errorCodes.MEMORY, `cannot ${what} memory at ${at} for a breakpoint`);
}
