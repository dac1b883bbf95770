/** What a server has in use, from /proc: what must not grow with the work that it has done. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ServerResources {
  readonly descriptors: number;
  readonly threads: number;
  /** Memory in RAM. */
  readonly residentBytes: number;
}

export function resourcesOf(server: number): ServerResources {
  const status = readFileSync(`/proc/${server}/status`, 'latin1');
  const residentKiB = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  return {
    descriptors: readdirSync(`/proc/${server}/fd`).length,
    threads: readdirSync(`/proc/${server}/task`).length,
    residentBytes: residentKiB * 1024,
  };
}

/** Collects memory while work goes on, and says whether it has stopped growing. */
export class MemoryCurve {
  readonly #samples: number[] = [];

  add(residentBytes: number): void {
    this.#samples.push(residentBytes);
  }

  /**
   * How much more the last third of the samples needs at least than the middle third: garbage that waits to be
   * collected makes single samples high, never low.
   */
  get growthBytes(): number {
    const third = Math.floor(this.#samples.length / 3);
    const lowest = (from: number, to?: number): number => Math.min(...this.#samples.slice(from, to));
    return lowest(-third) - lowest(third, 2 * third);
  }
}
