/** Error numbers of host I/O: the protocol has its own (GDB manual, "Errno Values"), mostly those of Linux. */

/** Numbers that are the same on Linux. */
const sameNumbers: ReadonlySet<number> = new Set([
  1, 2, 4, 5, 9, 13, 14, 16, 17, 19, 20, 21, 22, 23, 24, 27, 28, 29, 30,
]);
/** ENAMETOOLONG and ENOSYS, by their numbers on Linux. */
const otherNumbers: ReadonlyMap<number, number> = new Map([
  [36, 91],
  [38, 88],
]);

export const fileErrno = {
  noEntry: 2,
  badDescriptor: 9,
  invalid: 22,
  notImplemented: 88,
  unknown: 9999,
} as const;

/** The protocol's number for one of Linux, errno(3). */
export function fileErrnoOf(linux: number): number {
  return sameNumbers.has(linux) ? linux : (otherNumbers.get(linux) ?? fileErrno.unknown);
}

/** The protocol's number for what a function of node:fs has thrown; undefined: it is no error of the system. */
export function fileErrnoOfError(error: unknown): number | undefined {
  if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) return undefined;
  return fileErrnoOf(Math.abs(error.errno));
}
