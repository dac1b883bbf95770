/** The libraries of one process: what has come and gone since the last look. */
import { errorCodes, isOutstepError } from '../../base/errors.js';
import { address } from '../../base/ids.js';
import { type Attachment, auxvTypes, auxvValue, parseAuxv } from '../../core/index.js';

export interface LibraryChange {
  readonly action: 'loaded' | 'unloaded';
  readonly path: string;
}

export class LibraryWatch {
  readonly #attachment: Attachment;
  /** By the address of the link map. */
  #known: ReadonlyMap<bigint, string>;

  constructor(attachment: Attachment, known: ReadonlyMap<bigint, string> = new Map()) {
    this.#attachment = attachment;
    this.#known = known;
  }

  /** For a child with a copy of the memory, breakpoints included. */
  copyFor(attachment: Attachment): LibraryWatch {
    return new LibraryWatch(attachment, this.#known);
  }

  /** Stops at the program's entry: by then the loader has loaded what the program is linked with. */
  awaitEntry(): void {
    const { process } = this.#attachment;
    const entries = parseAuxv(process.program.auxiliaryVector(), process.arch.pointerBytes);
    const entry = auxvValue(entries, auxvTypes.entry);
    if (entry !== undefined) this.#stopAt(entry);
  }

  /** Stops from now on at the place that the loader goes through when its list has changed. */
  look(): readonly LibraryChange[] {
    const { program } = this.#attachment.process;
    try {
      const place = program.loaderBreakpoint();
      if (place !== undefined && place !== 0n) this.#stopAt(place);
      const now = new Map(program.loadedObjects().objects.map(({ linkMap, name }) => [linkMap, name]));
      const before = this.#known;
      this.#known = now;
      return [...changes(now, before, 'loaded'), ...changes(before, now, 'unloaded')];
    } catch (error) {
      // A static program has no loader; memory that cannot be read is that of one that is gone.
      if (
        isOutstepError(error) &&
        (error.code === errorCodes.UNSUPPORTED || error.code === errorCodes.MEMORY)
      )
        return [];
      throw error;
    }
  }

  #stopAt(place: bigint): void {
    const at = address(place);
    if (!this.#attachment.hasBreakpoint(at)) this.#attachment.insertBreakpoint(at);
  }
}

function* changes(
  these: ReadonlyMap<bigint, string>,
  others: ReadonlyMap<bigint, string>,
  action: LibraryChange['action'],
): Generator<LibraryChange> {
  for (const [linkMap, path] of these) if (others.get(linkMap) !== path) yield { action, path };
}
