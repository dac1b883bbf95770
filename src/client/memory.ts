/** Memory of the process that is selected: the current thread's, or the one of a thread. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes, hasCode } from './client-error.js';
import { joinBytes } from './join-bytes.js';
import { type MappedMemory, parseMaps } from './memory-regions.js';
import { type ByteOrder, bigintOf, bytesOf } from './registers/register-value.js';
import { type Requester, undefinedIfUnsupported } from './requester.js';
import type { WaitOptions } from './wait-options.js';

/** Where in memory; numbers are for those below 2^53. */
export type AddressLike = bigint | number;

/** Room for name, address and length of a packet that writes. */
const writeHeaderBytes = 64;
const addressBits = 64;
/** Read at once while a text's end is looked for. */
const textChunkBytes = 256;
const longestTextBytes = 1 << 16;
/** Read at once while a pattern is looked for here. */
const searchChunkBytes = 1 << 16;

export interface MemoryContext {
  readonly requester: Requester;
  readonly byteOrder: ByteOrder;
  readonly thread: ThreadId | undefined;
  /** A whole file of the server's machine. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
}

/**
 * Memory of a process, of any size: reads and writes are cut into packets, which are on their way at the same time. As
 * `client.memory`, or `memory` of a thread.
 */
export class Memory {
  readonly #context: MemoryContext;

  constructor(context: MemoryContext) {
    this.#context = context;
  }

  get #requester(): Requester {
    return this.#context.requester;
  }

  /**
   * Memory from `address` on, as much as is readable. Large pieces are read by many packets that are sent at once.
   * @throws ClientError REFUSED when the first byte is not readable
   */
  async read(address: AddressLike, lengthBytes: number, options: WaitOptions = {}): Promise<Uint8Array> {
    const start = BigInt(address);
    const most = this.#mostReadBytes;
    if (lengthBytes <= most)
      return lengthBytes === 0 ? new Uint8Array(0) : this.#readPart(start, lengthBytes, options);
    const parts = [];
    for (let at = 0; at < lengthBytes; at += most) {
      const wanted = Math.min(most, lengthBytes - at);
      parts.push({ wanted, bytes: this.#readPart(start + BigInt(at), wanted, options) });
    }
    return joinReadable(parts);
  }

  /** Memory from `address` on. @throws ClientError REFUSED when not all of it is readable */
  async readExact(address: AddressLike, lengthBytes: number, options: WaitOptions = {}): Promise<Uint8Array> {
    const bytes = await this.read(address, lengthBytes, options);
    if (bytes.length === lengthBytes) return bytes;
    const message = `only ${bytes.length} of ${lengthBytes} bytes at 0x${address.toString(16)} are readable`;
    throw new ClientError(clientErrorCodes.REFUSED, message);
  }

  /** A number without sign, in the target's byte order. @throws ClientError REFUSED */
  async readInteger(address: AddressLike, sizeBytes: number, options: WaitOptions = {}): Promise<bigint> {
    return bigintOf(await this.readExact(address, sizeBytes, options), this.#context.byteOrder);
  }

  /** Text up to a 0 byte, as UTF-8. @throws ClientError REFUSED when it goes on where nothing is readable */
  async readText(address: AddressLike, options: WaitOptions = {}): Promise<string> {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < longestTextBytes; at += textChunkBytes) {
      const bytes = await this.read(BigInt(address) + BigInt(at), textChunkBytes, options);
      const end = bytes.indexOf(0);
      parts.push(end < 0 ? bytes : bytes.subarray(0, end));
      if (end >= 0) return new TextDecoder().decode(joinBytes(parts));
    }
    throw new ClientError(
      clientErrorCodes.REFUSED,
      `no text of at most ${longestTextBytes} bytes at 0x${address.toString(16)}`,
    );
  }

  /** @throws ClientError REFUSED when not all of it can be written; some of it may be then */
  async write(address: AddressLike, bytes: Uint8Array, options: WaitOptions = {}): Promise<void> {
    // Every byte may take two: as an escape, or as two digits.
    const most = Math.max(1, (this.#requester.packetBytes - writeHeaderBytes) >> 1);
    const writes: Promise<void>[] = [];
    for (let at = 0; at < bytes.length; at += most) {
      const part = bytes.subarray(at, at + most);
      const done = this.#writePart(BigInt(address) + BigInt(at), part, options);
      // The first one shows which packet the server knows.
      if (at === 0) await done;
      writes.push(done);
    }
    await Promise.all(writes);
  }

  /** Writes a number, taken modulo its size, in the target's byte order. @throws ClientError REFUSED */
  async writeInteger(
    address: AddressLike,
    value: bigint,
    sizeBytes: number,
    options: WaitOptions = {},
  ): Promise<void> {
    await this.write(address, bytesOf(value, sizeBytes, this.#context.byteOrder), options);
  }

  /** Servers say how much they take at once; of their own replies they promise nothing, so half of it is asked for. */
  get #mostReadBytes(): number {
    return Math.max(1, this.#requester.packetBytes >> 1);
  }

  async #readPart(address: bigint, lengthBytes: number, options: WaitOptions): Promise<Uint8Array> {
    const { thread } = this.#context;
    const range = { address: BigInt.asUintN(addressBits, address), lengthBytes };
    if (this.#requester.has('binary-upload') && this.#requester.mayKnow('x')) {
      const answer = await undefinedIfUnsupported(
        this.#requester.askThread(thread, { kind: 'x', ...range }, options),
      );
      if (answer?.kind === 'data') return answer.bytes;
    }
    return (await this.#requester.askThread(thread, { kind: 'm', ...range }, options)).bytes;
  }

  async #writePart(address: bigint, bytes: Uint8Array, options: WaitOptions): Promise<void> {
    const { thread } = this.#context;
    const range = { address: BigInt.asUintN(addressBits, address), bytes };
    const write = { ...options, isWrite: true };
    if (this.#requester.mayKnow('X')) {
      const written = await undefinedIfUnsupported(
        this.#requester.askThread(thread, { kind: 'X', ...range }, write),
      );
      if (written !== undefined) return;
    }
    await this.#requester.askThread(thread, { kind: 'M', ...range }, write);
  }

  /** Where `pattern` first is in a range; undefined: nowhere. */
  async search(
    address: AddressLike,
    lengthBytes: number,
    pattern: Uint8Array,
    options: WaitOptions = {},
  ): Promise<bigint | undefined> {
    const start = BigInt(address);
    const fits = pattern.length + writeHeaderBytes <= this.#requester.packetBytes >> 1;
    if (fits && this.#requester.mayKnow('qSearch:memory')) {
      const found = await undefinedIfUnsupported(
        this.#requester.askThread(
          this.#context.thread,
          { kind: 'qSearch:memory', address: start, lengthBytes: BigInt(lengthBytes), pattern },
          options,
        ),
      );
      if (found !== undefined) return found.kind === 'found' ? found.address : undefined;
    }
    return this.#searchHere(start, lengthBytes, pattern, options);
  }

  /** Pieces overlap by a pattern, so that none is missed between two. */
  async #searchHere(
    start: bigint,
    lengthBytes: number,
    pattern: Uint8Array,
    options: WaitOptions,
  ): Promise<bigint | undefined> {
    for (let at = 0; at + pattern.length <= lengthBytes; at += searchChunkBytes) {
      const wanted = Math.min(searchChunkBytes + pattern.length - 1, lengthBytes - at);
      const bytes = await this.read(start + BigInt(at), wanted, options);
      const index = indexOfBytes(bytes, pattern);
      if (index >= 0) return start + BigInt(at + index);
      if (bytes.length < wanted) return undefined;
    }
    return undefined;
  }

  /** Memory for the client's own use in the process. @throws ClientError UNSUPPORTED, REFUSED */
  async allocate(lengthBytes: number, permissions: string, options: WaitOptions = {}): Promise<bigint> {
    const answer = await this.#requester.ask({ kind: '_M', lengthBytes, permissions }, options);
    return answer.value;
  }

  /** Gives back what `allocate` gave. */
  async free(address: bigint, options: WaitOptions = {}): Promise<void> {
    await this.#requester.ask({ kind: '_m', address }, options);
  }

  /**
   * What is mapped, in the order of addresses: asked region by region where the server knows regions, else read from
   * `/proc/PID/maps` of its machine.
   * @throws ClientError UNSUPPORTED
   */
  async regions(options: WaitOptions = {}): Promise<MappedMemory[]> {
    const first = await this.#requester.askIfKnown({ kind: 'qMemoryRegionInfo', address: 0n }, options);
    if (first === undefined) return this.#regionsOfProc();
    const regions: MappedMemory[] = [];
    for (let at = 0n; ; ) {
      const answer = await this.#regionAt(at, options);
      if (answer === undefined) return regions;
      if (answer.permissions !== undefined) regions.push(answer.region);
      at = answer.region.start + answer.region.lengthBytes;
      if (at >= 2n ** BigInt(addressBits)) return regions;
    }
  }

  async #regionAt(address: bigint, options: WaitOptions) {
    try {
      const answer = await this.#requester.ask({ kind: 'qMemoryRegionInfo', address }, options);
      if (answer.kind !== 'region') return undefined;
      const { start, lengthBytes = 0n, permissions, name = '', error } = answer.region;
      if (error !== undefined || start === undefined || start + lengthBytes <= address) return undefined;
      return { permissions, region: { start, lengthBytes, permissions: permissions ?? '', name } };
    } catch (error) {
      // Behind the last region some servers have nothing to say.
      if (hasCode(error, clientErrorCodes.REFUSED)) return undefined;
      throw error;
    }
  }

  async #regionsOfProc(): Promise<MappedMemory[]> {
    const thread = this.#context.thread ?? this.#requester.currentThread;
    const pid = thread?.pid ?? thread?.tid;
    if (pid === undefined)
      throw new ClientError(clientErrorCodes.UNSUPPORTED, 'no process whose memory to list');
    const maps = await this.#context.readFile(`/proc/${pid}/maps`);
    return parseMaps(new TextDecoder().decode(maps));
  }
}

/** Up to the first part that is cut short; what cannot be read behind readable memory is its end. */
async function joinReadable(
  parts: readonly { readonly wanted: number; readonly bytes: Promise<Uint8Array> }[],
): Promise<Uint8Array> {
  const settled = await Promise.allSettled(parts.map(({ bytes }) => bytes));
  const read: Uint8Array[] = [];
  for (const [index, part] of settled.entries()) {
    if (part.status === 'rejected') {
      if (index === 0 || !hasCode(part.reason, clientErrorCodes.REFUSED)) throw part.reason;
      break;
    }
    read.push(part.value);
    if (part.value.length < (parts[index]?.wanted ?? 0)) break;
  }
  return joinBytes(read);
}

function indexOfBytes(bytes: Uint8Array, pattern: Uint8Array): number {
  const [first] = pattern;
  if (first === undefined) return 0;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (pattern.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
