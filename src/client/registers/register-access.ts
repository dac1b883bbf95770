/** Registers of a thread by name, over `g`, `G`, `p` and `P`. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes } from '../client-error.js';
import { type Requester, undefinedIfUnsupported } from '../requester.js';
import type { WaitOptions } from '../wait-options.js';
import type { RegisterBlock, RegisterBlocks, RegisterSlot } from './register-blocks.js';
import { bigintOf, bytesOf, type RegisterValue, typedValue } from './register-value.js';

/** The registers of a thread at some time, to be put back as they were. */
export interface SavedRegisters {
  readonly block: RegisterBlock;
}

/**
 * Registers of a thread, by name. What was read is kept until the thread runs or a register is written. As
 * `client.registers`, or `registers` of a thread.
 */
export class RegisterAccess {
  readonly #requester: Requester;
  readonly #blocks: RegisterBlocks;
  readonly #thread: ThreadId | undefined;

  /** @param thread undefined: the current one, whatever it is at the time of a call */
  constructor(requester: Requester, blocks: RegisterBlocks, thread: ThreadId | undefined) {
    this.#requester = requester;
    this.#blocks = blocks;
    this.#thread = thread;
  }

  /** A register as an integer without sign, whatever its type. @throws ClientError NO_REGISTER */
  async read(name: string, options: WaitOptions = {}): Promise<bigint> {
    return bigintOf(await this.readBytes(name, options), this.#blocks.byteOrder);
  }

  /** A register as its type has it. @throws ClientError NO_REGISTER */
  async readValue(name: string, options: WaitOptions = {}): Promise<RegisterValue> {
    const slot = await this.#blocks.slot(name);
    return typedValue(await this.#bytes(slot, options), slot.type, this.#blocks.byteOrder);
  }

  /** A register in the target's byte order. @throws ClientError NO_REGISTER */
  async readBytes(name: string, options: WaitOptions = {}): Promise<Uint8Array> {
    return this.#bytes(await this.#blocks.slot(name), options);
  }

  /** The register of a role: `pc`, `sp`, `fp`. @throws ClientError NO_REGISTER */
  async readRole(role: 'pc' | 'sp' | 'fp', options: WaitOptions = {}): Promise<bigint> {
    return this.read(await this.#blocks.nameOfRole(role), options);
  }

  /** All registers whose value the server knows, as integers. */
  async readAll(options: WaitOptions = {}): Promise<Map<string, bigint>> {
    const all = await this.#readAllBytes(options);
    return new Map(all.map(([slot, bytes]) => [slot.name, bigintOf(bytes, this.#blocks.byteOrder)]));
  }

  /** All registers whose value the server knows, as their types have them. */
  async readAllValues(options: WaitOptions = {}): Promise<Map<string, RegisterValue>> {
    const all = await this.#readAllBytes(options);
    return new Map(
      all.map(([slot, bytes]) => [slot.name, typedValue(bytes, slot.type, this.#blocks.byteOrder)]),
    );
  }

  async #readAllBytes(options: WaitOptions): Promise<[RegisterSlot, Uint8Array][]> {
    const slots = await this.#blocks.slots();
    const block = await this.#blocks.read(this.#thread, options);
    // A block may be cut behind any register; the others are read one by one, all at once.
    const values = await Promise.all(
      slots.map(
        async (slot) => block.valueOf(slot) ?? (block.has(slot) ? undefined : this.#single(slot, options)),
      ),
    );
    return slots.flatMap((slot, index): [RegisterSlot, Uint8Array][] => {
      const bytes = values[index];
      return bytes === undefined ? [] : [[slot, bytes]];
    });
  }

  async #bytes(slot: RegisterSlot, options: WaitOptions): Promise<Uint8Array> {
    const bytes =
      this.#blocks.expedited(this.#thread, slot.number) ??
      (await this.#single(slot, options)) ??
      (await this.#blocks.read(this.#thread, options)).valueOf(slot);
    if (bytes !== undefined) return bytes;
    throw new ClientError(clientErrorCodes.NO_REGISTER, `the server does not know the value of ${slot.name}`);
  }

  /** undefined where the server has only whole blocks, or does not know the value. */
  async #single(slot: RegisterSlot, options: WaitOptions): Promise<Uint8Array | undefined> {
    if (!this.#requester.mayKnow('p')) return undefined;
    const answer = await undefinedIfUnsupported(
      this.#requester.askThread(this.#thread, { kind: 'p', number: slot.number }, options),
    );
    if (answer === undefined || answer.registers.unknown.length > 0) return undefined;
    return answer.registers.bytes;
  }

  /** Writes a register. @param value a number, taken modulo the register's size, or bytes in the target's order, as many as it has */
  async write(name: string, value: bigint | Uint8Array, options: WaitOptions = {}): Promise<void> {
    const slot = await this.#blocks.slot(name);
    const bytes = typeof value === 'bigint' ? bytesOf(value, slot.sizeBytes, this.#blocks.byteOrder) : value;
    if (bytes.length !== slot.sizeBytes)
      throw new RangeError(`${name} has ${slot.sizeBytes} bytes, not ${bytes.length}`);
    this.#blocks.forget();
    if (await this.#writeSingle(slot, bytes, options)) return;
    const block = await this.#blocks.read(this.#thread, options);
    if (!block.has(slot))
      throw new ClientError(
        clientErrorCodes.UNSUPPORTED,
        `${name} can be written neither alone nor in a block`,
      );
    const registers = block.with(slot, bytes);
    this.#blocks.forget();
    await this.#requester.askThread(this.#thread, { kind: 'G', registers }, { ...options, isWrite: true });
  }

  /** All registers of the `g` packet, for `restore`. @throws ClientError UNSUPPORTED */
  async save(options: WaitOptions = {}): Promise<SavedRegisters> {
    return { block: await this.#blocks.read(this.#thread, options) };
  }

  /** Puts back what `save` gave, into this thread: in one packet where the server can. @throws ClientError REFUSED */
  async restore({ block }: SavedRegisters, options: WaitOptions = {}): Promise<void> {
    this.#blocks.forget();
    if (this.#requester.mayKnow('G')) {
      const packet = { kind: 'G', registers: block.registers } as const;
      const wait = { ...options, isWrite: true };
      const answer = await undefinedIfUnsupported(this.#requester.askThread(this.#thread, packet, wait));
      if (answer !== undefined) return;
    }
    await this.#restoreEach(block, options);
  }

  /** Only what is different now, and no parts of other registers. */
  async #restoreEach(block: RegisterBlock, options: WaitOptions): Promise<void> {
    const present = await this.#blocks.read(this.#thread, options);
    for (const slot of await this.#blocks.slots()) {
      const wanted = slot.partOf === undefined ? block.valueOf(slot) : undefined;
      const isSame = present.valueOf(slot)?.every((byte, index) => byte === wanted?.[index]) ?? false;
      if (wanted !== undefined && !isSame) await this.write(slot.name, wanted, options);
    }
  }

  async #writeSingle(slot: RegisterSlot, bytes: Uint8Array, options: WaitOptions): Promise<boolean> {
    if (!this.#requester.mayKnow('P')) return false;
    const packet = { kind: 'P', number: slot.number, value: bytes } as const;
    const answer = await undefinedIfUnsupported(
      this.#requester.askThread(this.#thread, packet, { ...options, isWrite: true }),
    );
    return answer !== undefined;
  }
}
