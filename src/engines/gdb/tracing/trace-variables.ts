/** Trace state variables: what the client defined them as, and their values. */
import { wallClockMs } from '../../../base/wall-clock.js';

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

/** Where agent expressions find the values; undefined: no such variable. */
export interface VariableValues {
  variable(number: number): bigint | undefined;
  setVariable(number: number, value: bigint | undefined): void;
}

export class TraceVariables {
  readonly #definitions = new Map<number, VariableDefinition>();
  readonly #values: VariableValues;

  constructor(values: VariableValues) {
    this.#values = values;
    this.clear();
  }

  /** The latest first: GDB creates those that it does not know from the end of the list on. */
  get definitions(): readonly VariableDefinition[] {
    return [...this.#definitions.values()].reverse();
  }

  /** A builtin variable stays what it is. */
  define(number: number, initialValue: bigint, name: string): void {
    if (this.#definitions.get(number)?.isBuiltin === true) return;
    this.#definitions.set(number, { number, initialValue, name, isBuiltin: false });
    this.#values.setVariable(number, BigInt.asUintN(64, initialValue));
  }

  /** Signed, 64 bits; undefined: no such variable. */
  value(number: number): bigint | undefined {
    if (number === timestamp.number) return microsecondsNow();
    const value = this.#values.variable(number);
    return value === undefined ? undefined : BigInt.asIntN(64, value);
  }

  /** Builtin variables get the values that they have now. */
  beforeEvaluation(): void {
    this.#values.setVariable(timestamp.number, microsecondsNow());
  }

  /** Forgets what clients defined. */
  clear(): void {
    for (const number of this.#definitions.keys()) this.#values.setVariable(number, undefined);
    this.#definitions.clear();
    this.#definitions.set(timestamp.number, timestamp);
  }
}

export function microsecondsNow(): bigint {
  return BigInt(Math.round(wallClockMs() * 1000));
}
