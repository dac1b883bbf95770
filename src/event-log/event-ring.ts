/** The last records, and how many there were before. */
import type { EventRecord } from './event-record.js';

export class EventRing {
  readonly #capacity: number;
  readonly #records: EventRecord[] = [];
  #next = 0;
  #droppedCount = 0;

  /** @param capacity how many are kept, at least one */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`a ring of ${capacity} events`);
    this.#capacity = capacity;
  }

  add(record: EventRecord): void {
    if (this.#records.length < this.#capacity) {
      this.#records.push(record);
      return;
    }
    this.#records[this.#next] = record;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#droppedCount += 1;
  }

  /** The oldest first. */
  get records(): readonly EventRecord[] {
    return [...this.#records.slice(this.#next), ...this.#records.slice(0, this.#next)];
  }

  /** As `records`; afterwards it is empty. */
  take(): readonly EventRecord[] {
    const { records } = this;
    this.#records.length = 0;
    this.#next = 0;
    return records;
  }

  /** Older ones that are no longer there. */
  get droppedCount(): number {
    return this.#droppedCount;
  }
}
