/** The system calls that engines want to hear of, and what native code is told of that. */
import type { Tid } from '../base/ids.js';
import type { Attachment } from './attachment.js';
import { CallFilter } from './call-filter.js';
import { loggerAmong, setLoggedCalls } from './call-log.js';
import { type CallSet, callSetOf, unionOf } from './call-set.js';
import { filterCount } from './proc.js';
import type { Process } from './process.js';

/** How the kernel is made to tell of them. */
type Means = 'none' | 'filter' | 'every-call';

export class CaughtCalls {
  readonly #process: Process;
  readonly filter: CallFilter;
  #means: Means = 'none';
  #logger: Attachment | undefined;

  constructor(process: Process) {
    this.#process = process;
    this.filter = new CallFilter(process);
  }

  /** Whose calls native code logs. */
  get logger(): Attachment | undefined {
    return this.#logger;
  }

  /** Threads that run and are to stop at every call are stopped for a moment: the kernel must be told for each. */
  wishesChanged(): void {
    const { attachments, native, space, runningThreads } = this.#process;
    const calls = attachments
      .map((attachment) => callSetOf(attachment.caughtSystemCalls))
      .reduce(unionOf, callSetOf('none'));
    native.setCaughtCalls(space, [...calls.numbers], calls.isRest);
    this.#logger = loggerAmong(attachments);
    setLoggedCalls(native, space, this.#logger?.loggedCalls);
    const before = this.#means;
    this.#means = this.#meansFor(calls);
    if (this.#means !== 'every-call' || before === 'every-call') return;
    for (const thread of runningThreads) if (!thread.isListening) this.#process.interrupt(thread);
    this.#process.tracer.schedulePump();
  }

  #meansFor(calls: CallSet): Means {
    if (calls.numbers.size === 0) return calls.isRest ? 'every-call' : 'none';
    return this.filter.covers(calls, () => this.#process.threadForCalls()) ? 'filter' : 'every-call';
  }

  /** Whether filters of the program's own may forbid a thread system calls. */
  isFilteredByOthers(thread: Tid): boolean {
    return filterCount(thread) > this.filter.count;
  }
}
