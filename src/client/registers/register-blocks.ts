/** Whole blocks of registers, which some servers know only, and where each register lies in them. */
import type { RegisterBytes, SignalStop, ThreadId } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes } from '../client-error.js';
import type { Requester } from '../requester.js';
import type { WaitOptions } from '../wait-options.js';
import type { ByteOrder } from './register-value.js';
import type { RegisterDescription, TargetDescription } from './target-description.js';

export interface RegisterSlot extends RegisterDescription {
  readonly sizeBytes: number;
  /** In the `g` packet; undefined: it is not part of it. */
  readonly blockOffset: number | undefined;
}

/** Names by role, for servers that do not tell roles; the first that exists counts. */
const namesByRole: Readonly<Record<string, readonly string[]>> = {
  pc: ['pc', 'rip', 'eip'],
  sp: ['sp', 'rsp', 'esp'],
  fp: ['fp', 'rbp', 'ebp', 'x29', 'r11'],
};

export class RegisterBlocks {
  readonly byteOrder: ByteOrder;
  readonly #requester: Requester;
  readonly #describe: () => Promise<TargetDescription>;
  #slots: Promise<readonly RegisterSlot[]> | undefined;
  /** Of the threads that were read since the last stop or write. */
  readonly #read = new Map<string, Promise<RegisterBlock>>();

  /** Of the threads that have stopped since then. */
  readonly #expedited = new Map<string, ReadonlyMap<number, Uint8Array>>();

  constructor(requester: Requester, describe: () => Promise<TargetDescription>, byteOrder: ByteOrder) {
    this.#requester = requester;
    this.#describe = describe;
    this.byteOrder = byteOrder;
  }

  slots(): Promise<readonly RegisterSlot[]> {
    this.#slots ??= this.#describe().then(({ registers }) => slotsOf(registers));
    return this.#slots;
  }

  /** @throws ClientError NO_REGISTER */
  async slot(name: string): Promise<RegisterSlot> {
    const slots = await this.slots();
    const found =
      slots.find((slot) => slot.name === name) ?? slots.find((slot) => slot.alternativeName === name);
    if (found !== undefined) return found;
    throw new ClientError(clientErrorCodes.NO_REGISTER, `no register ${name}`);
  }

  /** @throws ClientError NO_REGISTER */
  async nameOfRole(role: string): Promise<string> {
    const slots = await this.slots();
    const names = namesByRole[role] ?? [];
    const found =
      slots.find((slot) => slot.role === role) ??
      names.flatMap((name) => slots.find((slot) => slot.name === name) ?? [])[0];
    if (found !== undefined) return found.name;
    throw new ClientError(clientErrorCodes.NO_REGISTER, `no register is the ${role}`);
  }

  /** The block of a thread; of one that stands still it is asked once. */
  read(thread: ThreadId | undefined, options: WaitOptions): Promise<RegisterBlock> {
    const key = keyOf(thread ?? this.#requester.currentThread);
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const block = this.#requester
      .askThread(thread, { kind: 'g' }, options)
      .then(({ registers }) => new RegisterBlock(registers));
    this.#read.set(key, block);
    block.catch(() => this.#read.delete(key));
    return block;
  }

  /** A register that came with the stop of a thread, by its number. */
  expedited(thread: ThreadId | undefined, number: number): Uint8Array | undefined {
    return this.#expedited.get(keyOf(thread ?? this.#requester.currentThread))?.get(number);
  }

  /** Keeps what a stop has told, until something may have changed it. */
  expedite({ thread, registers }: SignalStop): void {
    if (thread === undefined) return;
    this.#expedited.set(keyOf(thread), new Map(registers.map(({ number, value }) => [number, value])));
  }

  /** Registers may have changed. */
  forget(): void {
    this.#read.clear();
    this.#expedited.clear();
  }

  /** There may be other registers: another program runs. */
  forgetDescription(): void {
    this.forget();
    this.#slots = undefined;
  }
}

function keyOf(thread: ThreadId | undefined): string {
  return thread === undefined ? '' : `${thread.pid}.${thread.tid}`;
}

/** Registers that are parts of others lie in those; the others come one behind the other. */
function slotsOf(registers: readonly RegisterDescription[]): RegisterSlot[] {
  let next = 0;
  return registers.map((register) => {
    const sizeBytes = Math.ceil(register.bits / 8);
    const isPart = register.partOf !== undefined;
    const blockOffset = register.offsetBytes ?? (isPart ? undefined : next);
    if (!isPart && blockOffset !== undefined) next = blockOffset + sizeBytes;
    return { ...register, sizeBytes, blockOffset };
  });
}

/** The values of one `g` packet. */
export class RegisterBlock {
  readonly #bytes: Uint8Array;
  readonly #unknown: ReadonlySet<number>;

  constructor({ bytes, unknown }: RegisterBytes) {
    this.#bytes = bytes;
    this.#unknown = new Set(unknown);
  }

  /** As `G` takes it. */
  get registers(): RegisterBytes {
    return { bytes: this.#bytes, unknown: [...this.#unknown] };
  }

  /** Whether the block goes so far, with or without a value. */
  has({ blockOffset, sizeBytes }: RegisterSlot): boolean {
    return blockOffset !== undefined && blockOffset + sizeBytes <= this.#bytes.length;
  }

  /** undefined when it is not in the block, or its value is not known. */
  valueOf(slot: RegisterSlot): Uint8Array | undefined {
    const { blockOffset, sizeBytes } = slot;
    if (blockOffset === undefined || !this.has(slot)) return undefined;
    for (let i = blockOffset; i < blockOffset + sizeBytes; i += 1) if (this.#unknown.has(i)) return undefined;
    return this.#bytes.slice(blockOffset, blockOffset + sizeBytes);
  }

  /** The block with another value. */
  with({ blockOffset = 0, sizeBytes }: RegisterSlot, value: Uint8Array): RegisterBytes {
    const bytes = this.#bytes.slice();
    bytes.set(value, blockOffset);
    const unknown = [...this.#unknown].filter((i) => i < blockOffset || i >= blockOffset + sizeBytes);
    return { bytes, unknown };
  }
}
