/** Files of the server's machine (GDB manual, "Host I/O Packets"). */
import { parseFileStatus } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes } from './client-error.js';
import { joinBytes } from './join-bytes.js';
import type { Answer, Requester } from './requester.js';
import type { WaitOptions } from './wait-options.js';

/** How a file is opened, in the protocol's bits (GDB manual, "Open Flags"). */
const openFlags = {
  read: 0,
  write: 1,
  'read-write': 2,
  append: 8,
  create: 0x200,
  truncate: 0x400,
  exclusive: 0x800,
} as const;

export interface OpenOptions extends WaitOptions {
  /** Default: read. */
  readonly access?: 'read' | 'write' | 'read-write';
  readonly append?: boolean;
  /** Makes the file where there is none. */
  readonly create?: boolean;
  readonly truncate?: boolean;
  /** With `create`: fails where there is one. */
  readonly exclusive?: boolean;
  /** Permissions of a new file; default 0o644. */
  readonly mode?: number;
}

/** Times are whole seconds since 1970 (GDB manual, "struct stat"). */
export interface FileStatus {
  readonly device: number;
  readonly inode: number;
  /** Type and permissions, as in stat(2). */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: bigint;
  readonly blockBytes: bigint;
  readonly blocks: bigint;
  readonly accessedS: number;
  readonly modifiedS: number;
  readonly changedS: number;
}

const statusBytes = 64;
/** Name of the operation, descriptor and offset of a packet that writes. */
const headerBytes = 64;
/** What is read at once: large enough to need few packets, small enough for several of them to be on their way. */
const pieceBytes = 1 << 16;
/** So many reads of a file are on their way together. */
const readsAhead = 8;
const defaultMode = 0o644;

type FileAnswer = Answer<'vFile:close'> | Answer<'vFile:pread'>;

/** Files of the server's machine (GDB manual, "Host I/O Packets"). As `client.files`. */
export class Files {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * Whose files are meant from now on: those that a process sees, or, with undefined, the server's own.
   * @throws ClientError FILE, UNSUPPORTED
   */
  async selectRoot(pid: number | undefined, options: WaitOptions = {}): Promise<void> {
    resultOf('vFile:setfs', await this.#requester.ask({ kind: 'vFile:setfs', pid: pid ?? 0 }, options));
  }

  /** @throws ClientError FILE, UNSUPPORTED */
  async open(path: string, options: OpenOptions = {}): Promise<RemoteFile> {
    const { access = 'read', mode = defaultMode, timeoutMs, signal } = options;
    const flags = (['append', 'create', 'truncate', 'exclusive'] as const)
      .filter((flag) => options[flag] === true)
      .reduce<number>((sum, flag) => sum | openFlags[flag], openFlags[access]);
    const wait = {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    };
    const answer = await this.#requester.ask({ kind: 'vFile:open', path, flags, mode }, wait);
    return new RemoteFile(this.#requester, resultOf(`open ${path}`, answer), path);
  }

  /** A whole file; files of /proc, whose size is 0, as well. @throws ClientError FILE, UNSUPPORTED */
  async read(path: string, options: WaitOptions = {}): Promise<Uint8Array> {
    await using file = await this.open(path, options);
    const parts: Uint8Array[] = [];
    for await (const part of file.pieces(options)) parts.push(part);
    return joinBytes(parts);
  }

  /** As text in UTF-8. */
  async readText(path: string, options: WaitOptions = {}): Promise<string> {
    return new TextDecoder().decode(await this.read(path, options));
  }

  /** Makes or replaces a file. @throws ClientError FILE, UNSUPPORTED */
  async write(path: string, data: Uint8Array | string, options: OpenOptions = {}): Promise<void> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    await using file = await this.open(path, { access: 'write', create: true, truncate: true, ...options });
    await file.writeAll(bytes, options);
  }

  /** A file as a stream, for `pipeTo` and `for await`. */
  async readable(path: string, options: WaitOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const file = await this.open(path, options);
    return file.readable(options);
  }

  /** A new file as a stream to write to. */
  async writable(path: string, options: OpenOptions = {}): Promise<WritableStream<Uint8Array>> {
    const file = await this.open(path, { access: 'write', create: true, truncate: true, ...options });
    return file.writable(options);
  }

  /** Of what a link points to. @throws ClientError FILE, UNSUPPORTED */
  async status(path: string, options: WaitOptions = {}): Promise<FileStatus> {
    if (this.#requester.mayKnow('vFile:stat')) {
      const answer = await this.#requester.askIfKnown({ kind: 'vFile:stat', path }, options);
      if (answer !== undefined) return statusOf(dataOf(`stat ${path}`, answer));
    }
    await using file = await this.open(path, options);
    return await file.status(options);
  }

  /** @throws ClientError FILE, UNSUPPORTED */
  async unlink(path: string, options: WaitOptions = {}): Promise<void> {
    resultOf(`unlink ${path}`, await this.#requester.ask({ kind: 'vFile:unlink', path }, options));
  }

  /** What a link says. @throws ClientError FILE, UNSUPPORTED */
  async readLink(path: string, options: WaitOptions = {}): Promise<string> {
    const answer = await this.#requester.ask({ kind: 'vFile:readlink', path }, options);
    return new TextDecoder().decode(dataOf(`readlink ${path}`, answer));
  }
}

/** An open file of the server's machine. */
export class RemoteFile implements AsyncDisposable {
  readonly path: string;
  readonly #requester: Requester;
  readonly #descriptor: number;
  #isClosed = false;

  constructor(requester: Requester, descriptor: number, path: string) {
    this.#requester = requester;
    this.#descriptor = descriptor;
    this.path = path;
  }

  /** At most so many bytes; none at the end of the file. @throws ClientError FILE */
  async read(offset: number | bigint, lengthBytes: number, options: WaitOptions = {}): Promise<Uint8Array> {
    const packet = {
      kind: 'vFile:pread',
      descriptor: this.#descriptor,
      lengthBytes,
      offset: BigInt(offset),
    } as const;
    return dataOf(`read ${this.path}`, await this.#requester.ask(packet, options));
  }

  /** From the beginning to the end, piece by piece; several are asked for before the first has come. */
  async *pieces(options: WaitOptions = {}): AsyncGenerator<Uint8Array, void> {
    const wanted = Math.min(pieceBytes, Math.max(1, this.#requester.packetBytes - headerBytes));
    const size = Number((await this.#statusIfKnown(options))?.sizeBytes ?? 0n);
    // Where the size is not told, the end is known when it is there.
    const ahead = size > 0 ? readsAhead : 1;
    let offset = 0;
    for (let isEnd = false; !isEnd; ) {
      const reads = Array.from({ length: ahead }, (_unused, index) =>
        this.read(offset + index * wanted, wanted, options),
      );
      for (const part of await Promise.all(reads)) {
        if (part.length === 0) isEnd = true;
        if (isEnd) break;
        yield part;
        offset += part.length;
        // A short one moves those behind it, which were read for other places.
        if (part.length < wanted) break;
      }
    }
  }

  async #statusIfKnown(options: WaitOptions): Promise<FileStatus | undefined> {
    const answer = await this.#requester.askIfKnown(
      { kind: 'vFile:fstat', descriptor: this.#descriptor },
      options,
    );
    return answer?.kind === 'data' ? statusOf(answer.bytes) : undefined;
  }

  /** @returns how much of it was written @throws ClientError FILE */
  async write(offset: number | bigint, bytes: Uint8Array, options: WaitOptions = {}): Promise<number> {
    const packet = {
      kind: 'vFile:pwrite',
      descriptor: this.#descriptor,
      offset: BigInt(offset),
      bytes,
    } as const;
    return resultOf(`write ${this.path}`, await this.#requester.ask(packet, options));
  }

  /** All of it, from the beginning of the file or from `offset` on. @throws ClientError FILE */
  async writeAll(bytes: Uint8Array, options: WaitOptions = {}, offset = 0): Promise<void> {
    // Every byte may need an escape.
    const most = Math.max(1, (this.#requester.packetBytes - headerBytes) >> 1);
    for (let at = 0; at < bytes.length; ) {
      const written = await this.write(offset + at, bytes.subarray(at, at + most), options);
      if (written === 0)
        throw new ClientError(clientErrorCodes.FILE, `write ${this.path}: nothing was written`);
      at += written;
    }
  }

  /** @throws ClientError FILE, UNSUPPORTED */
  async status(options: WaitOptions = {}): Promise<FileStatus> {
    const packet = { kind: 'vFile:fstat', descriptor: this.#descriptor } as const;
    return statusOf(dataOf(`fstat ${this.path}`, await this.#requester.ask(packet, options)));
  }

  /** The whole file; it is closed at the end. */
  readable(options: WaitOptions = {}): ReadableStream<Uint8Array> {
    const pieces = this.pieces(options);
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await pieces.next();
        if (done !== true) {
          controller.enqueue(value);
          return;
        }
        controller.close();
        await this.close();
      },
      cancel: () => this.close(),
    });
  }

  /** Writes from the beginning on; the file is closed at the end. */
  writable(options: WaitOptions = {}): WritableStream<Uint8Array> {
    let offset = 0;
    return new WritableStream<Uint8Array>({
      write: async (chunk) => {
        await this.writeAll(chunk, options, offset);
        offset += chunk.length;
      },
      close: () => this.close(),
      abort: () => this.close(),
    });
  }

  /** Twice is harmless. @throws ClientError FILE */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const packet = { kind: 'vFile:close', descriptor: this.#descriptor } as const;
    resultOf(`close ${this.path}`, await this.#requester.ask(packet));
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function failedFile(what: string, errno: number | undefined): ClientError {
  const why = errno === undefined ? 'failed' : (errnoTexts.get(errno) ?? `error ${errno}`);
  return new ClientError(clientErrorCodes.FILE, `${what}: ${why}`, errno === undefined ? {} : { errno });
}

function resultOf(what: string, answer: FileAnswer): number {
  // LLDB's servers add the number 0 to a success.
  if (answer.kind === 'result' && (answer.errno ?? 0) === 0) return answer.value;
  throw failedFile(what, answer.kind === 'data' ? undefined : answer.errno);
}

function dataOf(what: string, answer: FileAnswer): Uint8Array {
  if (answer.kind === 'data') return answer.bytes;
  throw failedFile(what, answer.errno);
}

/** The protocol's own numbers (GDB manual, "Errno Values"). */
const errnoTexts: ReadonlyMap<number, string> = new Map([
  [1, 'not permitted'],
  [2, 'no such file'],
  [4, 'interrupted'],
  [5, 'input or output error'],
  [9, 'bad descriptor'],
  [13, 'permission denied'],
  [14, 'bad address'],
  [16, 'busy'],
  [17, 'the file exists'],
  [19, 'no such device'],
  [20, 'not a folder'],
  [21, 'a folder'],
  [22, 'invalid argument'],
  [23, 'too many open files on the machine'],
  [24, 'too many open files'],
  [27, 'the file is too large'],
  [28, 'no space left'],
  [29, 'no seeking there'],
  [30, 'a read-only file system'],
  [88, 'not implemented'],
  [91, 'the name is too long'],
]);

/** The record has its own layout, most significant byte first. */
function statusOf(bytes: Uint8Array): FileStatus {
  if (bytes.length < statusBytes)
    throw new ClientError(clientErrorCodes.BAD_OBJECT, `a file status of ${bytes.length} bytes`);
  const { sizeBytes, blockBytes, blocks, ...small } = parseFileStatus(bytes);
  return {
    device: Number(small.device),
    inode: Number(small.inode),
    mode: Number(small.mode),
    links: Number(small.links),
    uid: Number(small.user),
    gid: Number(small.group),
    sizeBytes,
    blockBytes,
    blocks,
    accessedS: Number(small.accessedS),
    modifiedS: Number(small.modifiedS),
    changedS: Number(small.changedS),
  };
}
