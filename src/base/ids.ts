/**
 * Branded identifiers. A brand is given in one place each, after a check, so that a pid can never be passed
 * where a tid or an address is wanted.
 */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Id of a process: the kernel's thread group id, positive. */
export type Pid = Branded<number, 'Pid'>;
/** Id of a thread (LWP), positive. The leader's tid equals the pid of its process. */
export type Tid = Branded<number, 'Tid'>;
/** A virtual address in a traced process, 0 to 2^64 - 1. */
export type Address = Branded<bigint, 'Address'>;
/** A signal number as the Linux kernel counts them (signal(7)), 1 to 64. */
export type KernelSignal = Branded<number, 'KernelSignal'>;

const maxId = 2 ** 31 - 1;

function checkInteger(value: number, least: number, most: number, what: string): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${what} must be an integer from ${least} to ${most}, not ${value}`);
  }
}

/**
 * The id of a process.
 * @throws RangeError where the number can be none
 */
export function pid(value: number): Pid {
  checkInteger(value, 1, maxId, 'pid');
  return value as Pid;
}

/**
 * The id of a thread (gettid(2)).
 * @throws RangeError where the number can be none
 */
export function tid(value: number): Tid {
  checkInteger(value, 1, maxId, 'tid');
  return value as Tid;
}

/** Takes the value modulo 2^64, as address arithmetic on the machine does. */
export function address(value: bigint | number): Address {
  return BigInt.asUintN(64, BigInt(value)) as Address;
}

/**
 * A signal by the kernel's number, 1 to 64 (signal(7)), which is not gdb's.
 * @throws RangeError
 */
export function kernelSignal(value: number): KernelSignal {
  checkInteger(value, 1, 64, 'signal');
  return value as KernelSignal;
}

/** The leader of a process: its tid is the pid. */
export function leaderOf(process: Pid): Tid {
  return process as number as Tid;
}
