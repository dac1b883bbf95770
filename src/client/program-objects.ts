/** What the server knows of the program beside its threads and its memory. */
import { type MemoryArea, parseMemoryMap } from 'gdb-js-rsp-parser/documents';
import { type AuxiliaryEntry, parseAuxiliaryVector } from './auxiliary-vector.js';
import { type Library, plainLibraries, svr4Libraries } from './libraries.js';
import { documentValue, type ObjectOptions, readObject, readObjectText, writeObject } from './objects.js';
import type { Requester } from './requester.js';
import { parseSignalInfo, type SignalInfo } from './signal-info.js';
import type { Target } from './target.js';

/** Objects of `qXfer`: what the server can tell of the program as a whole, or of the machine. As `client.objects`. */
export class ProgramObjects {
  readonly #requester: Requester;
  readonly #target: Target;

  constructor(requester: Requester, target: Target) {
    this.#requester = requester;
    this.#target = target;
  }

  /**
   * A whole object of `qXfer:OBJECT:read`.
   * @param annex which of its kind: `target.xml`, a pid in hex, or nothing
   * @throws ClientError UNSUPPORTED, REFUSED
   */
  read(object: string, annex = '', options: ObjectOptions = {}): Promise<Uint8Array> {
    return readObject(this.#requester, object, annex, options);
  }

  /** @throws ClientError UNSUPPORTED, REFUSED */
  write(object: string, bytes: Uint8Array, options: ObjectOptions = {}): Promise<void> {
    return writeObject(this.#requester, object, bytes, options);
  }

  /** What is loaded into the process. @throws ClientError UNSUPPORTED, BAD_OBJECT */
  async libraries(options: ObjectOptions = {}): Promise<Library[]> {
    const isPlain = this.#requester.has('qXfer:libraries:read');
    return isPlain
      ? documentValue(plainLibraries, await readObjectText(this.#requester, 'libraries', '', options))
      : documentValue(svr4Libraries, await readObjectText(this.#requester, 'libraries-svr4', '', options));
  }

  /** @throws ClientError UNSUPPORTED */
  async auxiliaryVector(options: ObjectOptions = {}): Promise<AuxiliaryEntry[]> {
    const [bytes, pointerBytes] = await Promise.all([
      this.read('auxv', '', options),
      this.#target.pointerBytes(),
    ]);
    return parseAuxiliaryVector(bytes, pointerBytes, this.#target.byteOrder);
  }

  /** What the kernel says of the signal that a thread stopped with. @throws ClientError UNSUPPORTED, REFUSED */
  async signalInfo(options: ObjectOptions = {}): Promise<SignalInfo> {
    const [bytes, pointerBytes] = await Promise.all([
      this.read('siginfo', '', options),
      this.#target.pointerBytes(),
    ]);
    return parseSignalInfo(bytes, pointerBytes, this.#target.byteOrder);
  }

  /** Where the machine has RAM, ROM and flash. @throws ClientError UNSUPPORTED, BAD_OBJECT */
  async memoryMap(options: ObjectOptions = {}): Promise<MemoryArea[]> {
    return documentValue(parseMemoryMap, await readObjectText(this.#requester, 'memory-map', '', options));
  }
}
