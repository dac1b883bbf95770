/** What the program that a process runs says of itself: its file, its auxiliary vector, its libraries and their variables. */
import { errorCodes, OutstepError } from '../base/errors.js';
import { type Address, address } from '../base/ids.js';
import { sameBytes } from '../base/same-bytes.js';
import { auxiliaryVector, executablePath } from './proc.js';
import type { Process } from './process.js';
import {
  auxvTypes,
  auxvValue,
  debugPointerAddress,
  Evidence,
  type LinkMapQuery,
  type LoadedObjects,
  loadedObjects,
  loaderBreakpoint,
  ProgramReader,
  parseAuxv,
  ReadAhead,
  readProgramHeaders,
  threadLocalAddress,
} from './program/index.js';
import type { Thread } from './thread.js';

/** A list of objects, and why it is right. */
interface KnownObjects {
  readonly query: string;
  readonly auxiliaryVector: Uint8Array;
  readonly evidence: Evidence;
  readonly loaded: LoadedObjects;
}

/** What is known of the program that a process has executed. */
export class LoadedProgram {
  readonly #process: Process;
  #known: KnownObjects | undefined;

  constructor(process: Process) {
    this.#process = process;
  }

  /** Path of the file, `/proc/PID/exe` where it has been deleted; empty when the process is gone. */
  executablePath(): string {
    return executablePath(this.#process.pid) ?? '';
  }

  /** Raw auxiliary vector up to and including AT_NULL, getauxval(3). */
  auxiliaryVector(): Uint8Array {
    return auxiliaryVector(this.#process.pid);
  }

  /** Where the program's own file begins to run (AT_ENTRY); undefined: the kernel does not say, or it is gone. */
  entryPoint(): Address | undefined {
    const entries = parseAuxv(this.auxiliaryVector(), this.#process.arch.pointerBytes);
    const entry = auxvValue(entries, auxvTypes.entry);
    return entry === undefined ? undefined : address(entry);
  }

  /** AT_HWCAP2 of the auxiliary vector, <asm/hwcap.h>; 0n where there is none. */
  capabilities2(): bigint {
    const entries = parseAuxv(this.auxiliaryVector(), this.#process.arch.pointerBytes);
    return auxvValue(entries, auxvTypes.hardwareCapabilities2) ?? 0n;
  }

  /**
   * What the dynamic linker has loaded; the same object as the last time, if that is what it still has.
   * @throws OutstepError UNSUPPORTED for a program without DT_DEBUG
   */
  loadedObjects(query: LinkMapQuery = {}): LoadedObjects {
    const auxiliaryVector = this.auxiliaryVector();
    const { pointerBytes } = this.#process.arch;
    const asked = [query.start, query.prev, query.lmid, pointerBytes].join();
    const known = this.#known;
    if (known?.query === asked && sameBytes(known.auxiliaryVector, auxiliaryVector)) {
      if (known.evidence.holds(this.#process.memory)) return known.loaded;
    }
    this.#known = undefined;
    const evidence = new Evidence();
    const loaded = loadedObjects(this.#reader(evidence), auxiliaryVector, query);
    this.#known = { query: asked, auxiliaryVector, evidence, loaded };
    return loaded;
  }

  /**
   * Where the program has the address of its `struct r_debug` (DT_DEBUG, <link.h>).
   * @throws OutstepError UNSUPPORTED for a program without one, MEMORY
   */
  debugPointerAddress(): Address {
    const reader = this.#reader();
    const at = debugPointerAddress(reader, readProgramHeaders(reader, this.auxiliaryVector()));
    if (at === undefined) throw new OutstepError(errorCodes.UNSUPPORTED, 'the program has no DT_DEBUG entry');
    return address(at);
  }

  /** As `loaderBreakpoint` of `program`. @throws OutstepError MEMORY */
  loaderBreakpoint(): bigint | undefined {
    return loaderBreakpoint(this.#reader(), this.auxiliaryVector());
  }

  /** Address of a thread-local variable at `offset` in the block of a module; undefined: not allocated yet, or unknown. */
  threadLocalAddress(thread: Thread, offset: bigint, linkMap: bigint): Address | undefined {
    const value = thread.threadPointer;
    if (value === undefined) return undefined;
    const { dtvOffset, variant } = this.#process.arch.threadLocal;
    const pointer = { value, dtvOffset, variant };
    const found = threadLocalAddress(this.#reader(), this.auxiliaryVector(), pointer, linkMap, offset);
    return found === undefined ? undefined : address(found);
  }

  #reader(evidence?: Evidence): ProgramReader {
    const { memory, arch } = this.#process;
    return new ProgramReader(new ReadAhead(memory), arch.pointerBytes, evidence);
  }
}
