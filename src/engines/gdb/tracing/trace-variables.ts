/** Trace state variables: what the client defined them as, and their values. */

export interface VariableDefinition {
  readonly number: number;
  readonly initialValue: bigint;
  readonly name: string;
  /** Its value is the server's. */
  readonly isBuiltin: boolean;
}

/** Microseconds since the epoch when it is read; GDB knows it from the server's list of variables. */
const timestamp: VariableDefinition = {
  number: 1,
  initialValue: 0n,
  name: 'trace_timestamp',
  isBuiltin: true,
};

export class TraceVariables {
  readonly #definitions = new Map<number, VariableDefinition>();
  readonly #values = new Map<number, bigint>();

  constructor() {
    this.clear();
  }

  get definitions(): readonly VariableDefinition[] {
    return [...this.#definitions.values()];
  }

  /** A builtin variable stays what it is. */
  define(number: number, initialValue: bigint, name: string): void {
    if (this.#definitions.get(number)?.isBuiltin === true) return;
    this.#definitions.set(number, { number, initialValue, name, isBuiltin: false });
    this.#values.set(number, initialValue);
  }

  /** Signed, 64 bits; undefined: no such variable. */
  value(number: number): bigint | undefined {
    if (number === timestamp.number) return microsecondsNow();
    return this.#values.get(number);
  }

  /** Forgets what clients defined. */
  clear(): void {
    this.#definitions.clear();
    this.#values.clear();
    this.#definitions.set(timestamp.number, timestamp);
  }
}

export function microsecondsNow(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
}
