/** What is done to calls on purpose: another result, a delay, a signal, each time or at some of them. */
import type { KernelSignal } from '../../base/ids.js';
import type { CallSelection } from './call-selection.js';

/** The first, every `step`-th behind it, up to the last. */
export interface Occasions {
  readonly first: number;
  readonly last: number;
  /** 0: only those from first to last, one after the other. */
  readonly step: number;
}

/** What is done to some calls: another result, a signal, a delay. */
export interface Injection {
  readonly calls: CallSelection;
  readonly when: Occasions;
  /** The kernel does not see the call, and it returns this: a negative error number, or a value. */
  readonly result?: bigint;
  readonly signal?: KernelSignal;
  readonly delayEntryMs?: number;
  readonly delayReturnMs?: number;
}

export function isAmong(count: number, { first, last, step }: Occasions): boolean {
  if (count < first || count > last) return false;
  return (count - first) % Math.max(1, step) === 0;
}

/** Counts the calls of one thread that each rule is about. */
export class InjectionCounts {
  readonly #counts = new Map<Injection, number>();

  /** The rules that hold for a call which the thread makes now. */
  take(injections: readonly Injection[], name: string, number: number): readonly Injection[] {
    if (injections.length === 0) return injections;
    return injections.filter((injection) => {
      if (!injection.calls.has(name, number)) return false;
      const count = (this.#counts.get(injection) ?? 0) + 1;
      this.#counts.set(injection, count);
      return isAmong(count, injection.when);
    });
  }
}
