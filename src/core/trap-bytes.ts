/** Traps as bytes in a memory: writing them, the originals that they hide, and what the sentinel is told of both. */
import type { ArchModule } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError } from '../native/binding.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { AddressSpace } from './address-space.js';
import type { RawMemory, Shadow } from './memory.js';
import { type SiteText, sameBytes } from './step-plans.js';
import type { Tracer } from './tracer.js';

const pageBytes = 4096n;

type ShadowsWithin = (address: bigint, lengthBytes: number) => Iterable<Shadow>;

export class TrapBytes {
  readonly #tracer: Tracer;
  readonly #native: NativeTracer;
  readonly #space: AddressSpace;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;

  constructor(tracer: Tracer, space: AddressSpace) {
    this.#tracer = tracer;
    this.#native = tracer.native;
    this.#space = space;
    this.#memory = space.rawMemory;
    this.#arch = space.machine.arch;
  }

  /**
   * Writes a trap over `text`, the instruction there.
   * @returns the bytes that it hides
   * @throws OutstepError MEMORY when the address cannot be read or written
   */
  put(address: bigint, text: Uint8Array): Shadow {
    const trap = this.#arch.breakpoint.bytes;
    if (text.length < trap.length) throw accessError('read', address);
    const shadow = { address, original: text.slice(0, trap.length), trap };
    this.guard(shadow);
    if (this.#memory.write(address, trap) !== trap.length) {
      this.unguard(address);
      throw accessError('write', address);
    }
    return shadow;
  }

  /** Puts a trap back that was taken out for a moment. */
  putBack({ address, trap }: Shadow): void {
    this.#memory.write(address, trap);
  }

  /** Only where the trap still is: the mapping may have been replaced under it. */
  takeOut(shadow: Shadow, memory: RawMemory = this.#memory): void {
    if (this.isIn(shadow, memory)) memory.write(shadow.address, shadow.original);
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

  #originalText(address: bigint, lengthBytes: number, shadowsWithin: ShadowsWithin): Uint8Array {
    const text = new Uint8Array(lengthBytes);
    const readable = text.subarray(0, this.#memory.read(address, text));
    for (const shadow of shadowsWithin(address, readable.length)) {
      const shift = Number(shadow.address - address);
      shadow.original.forEach((byte, index) => {
        if (readable[shift + index] === shadow.trap[index]) readable[shift + index] = byte;
      });
    }
    return readable;
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

function accessError(what: string, address: bigint): OutstepError {
  const at = `0x${address.toString(16)}`;
  return new OutstepError(errorCodes.MEMORY, `cannot ${what} memory at ${at} for a breakpoint`);
}
