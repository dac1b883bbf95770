/** Registers by name, over `g`, `G`, `p` and `P`. Values are integers; the target's bytes are little-endian. */
import { bytesOfHex, hexOf } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes, hasCode } from './client-error.js';
import type { RegisterDescription, TargetDescription } from './target-description.js';

/** Sends a packet; @throws ClientError REFUSED or UNSUPPORTED for such replies. */
export type Ask = (packet: string) => Promise<string>;

interface Slot extends RegisterDescription {
  /** Of its first hex digit in the `g` packet. */
  readonly offset: number;
}

export class RegisterAccess {
  readonly #ask: Ask;
  readonly #slots = new Map<string, Slot>();
  /** Servers that know only whole register blocks answer `p` and `P` with nothing. */
  #hasSinglePackets = true;

  constructor(description: TargetDescription, ask: Ask) {
    this.#ask = ask;
    let offset = 0;
    for (const register of description.registers) {
      this.#slots.set(register.name, { ...register, offset });
      offset += 2 * register.sizeBytes;
    }
  }

  /** All registers whose value the server knows. */
  async readAll(): Promise<Map<string, bigint>> {
    const block = await this.#ask('g');
    const values = new Map<string, bigint>();
    for (const [name, slot] of this.#slots) {
      // A block may be cut behind any register; the others are read one by one.
      const digits = digitsOf(block, slot) ?? (await this.#single(slot));
      const value = integerOf(digits);
      if (value !== undefined) values.set(name, value);
    }
    return values;
  }

  async read(name: string): Promise<bigint> {
    const slot = this.#slot(name);
    const digits = (await this.#single(slot)) ?? digitsOf(await this.#ask('g'), slot);
    const value = integerOf(digits);
    if (value === undefined) {
      throw new ClientError(clientErrorCodes.NO_REGISTER, `the server does not know the value of ${name}`);
    }
    return value;
  }

  /** @param value taken modulo the register's size */
  async write(name: string, value: bigint): Promise<void> {
    const slot = this.#slot(name);
    const digits = hexOf(littleEndian(value, slot.sizeBytes));
    const written = await this.#ifSupported(() => this.#ask(`P${slot.number.toString(16)}=${digits}`));
    if (written !== undefined) return;
    const block = await this.#ask('g');
    if (digitsOf(block, slot) === undefined) {
      throw new ClientError(
        clientErrorCodes.UNSUPPORTED,
        `${name} can be written neither alone nor in a block`,
      );
    }
    await this.#ask(`G${block.slice(0, slot.offset)}${digits}${block.slice(slot.offset + digits.length)}`);
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new ClientError(clientErrorCodes.NO_REGISTER, `no register ${name}`);
    return slot;
  }

  #single(slot: Slot): Promise<string | undefined> {
    return this.#ifSupported(() => this.#ask(`p${slot.number.toString(16)}`));
  }

  async #ifSupported(ask: () => Promise<string>): Promise<string | undefined> {
    if (!this.#hasSinglePackets) return undefined;
    try {
      return await ask();
    } catch (error) {
      if (!hasCode(error, clientErrorCodes.UNSUPPORTED)) throw error;
      this.#hasSinglePackets = false;
      return undefined;
    }
  }
}

/** undefined when the block ends before the register. */
function digitsOf(block: string, slot: Slot): string | undefined {
  const end = slot.offset + 2 * slot.sizeBytes;
  return block.length < end ? undefined : block.slice(slot.offset, end);
}

/** undefined for `xx`, the mark of a value that is not known. */
function integerOf(digits: string | undefined): bigint | undefined {
  if (digits === undefined || digits.includes('x')) return undefined;
  return BigInt(`0x0${hexOf(bytesOfHex(digits).reverse())}`);
}

function littleEndian(value: bigint, sizeBytes: number): Uint8Array {
  const digits = BigInt.asUintN(8 * sizeBytes, value)
    .toString(16)
    .padStart(2 * sizeBytes, '0');
  return bytesOfHex(digits).reverse();
}
