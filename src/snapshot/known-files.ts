/** The files that a process has mapped, kept from one snapshot of it to the next. */
import type { Pid } from '../base/ids.js';
import { MappedFiles } from './mapped-files.js';
import { KnownMappings, type ProcessSnapshot } from './snapshot.js';

/** Of one process whose stacks are read again and again: what was read of its files stays while its mappings do. */
export class KnownFiles implements Disposable {
  /** For `takeSnapshot`. */
  readonly mappings: KnownMappings;
  #files: MappedFiles | undefined;
  #of: ProcessSnapshot['mappings'] = [];

  constructor(pid: Pid) {
    this.mappings = new KnownMappings(pid);
  }

  /** Those of a snapshot of this process; they are this object's to close. */
  at({ pid, mappings, kernelCode }: ProcessSnapshot): MappedFiles {
    if (this.#files !== undefined && this.#of === mappings) return this.#files;
    this.#files?.[Symbol.dispose]();
    this.#files = new MappedFiles(pid, mappings, kernelCode);
    this.#of = mappings;
    return this.#files;
  }

  [Symbol.dispose](): void {
    this.#files?.[Symbol.dispose]();
    this.#files = undefined;
  }
}
