/**
 * Every error that leaves the core has a stable code; callers test the code, people read the message.
 * "Gone" is no error: a thread may vanish between two calls, and functions say so in their result.
 */
export const errorCodes = {
  /** The kernel refused a request; `errno`, `request` and the thread say which. */
  KERNEL_REFUSED: 'OUTSTEP_KERNEL_REFUSED',
  /** No process of that id. */
  NO_SUCH_PROCESS: 'OUTSTEP_NO_SUCH_PROCESS',
  /** No thread of that id. */
  NO_SUCH_THREAD: 'OUTSTEP_NO_SUCH_THREAD',
  /** The process may not be traced; the message explains what forbids it. */
  ATTACH_REFUSED: 'OUTSTEP_ATTACH_REFUSED',
  /** The program could not be started. */
  LAUNCH_FAILED: 'OUTSTEP_LAUNCH_FAILED',
  /** Memory at an address could not be read or written. */
  MEMORY: 'OUTSTEP_MEMORY',
  /** The machine has no free hardware breakpoint or watchpoint. */
  NO_DEBUG_REGISTER: 'OUTSTEP_NO_DEBUG_REGISTER',
  /** The program or the request needs something that is not supported; the message names it. */
  UNSUPPORTED: 'OUTSTEP_UNSUPPORTED',
  /** The native addon could not be loaded: it is not for this system, or not there; the message says why. */
  NO_ADDON: 'OUTSTEP_NO_ADDON',
  /** A request that cannot be carried out in the state the thread or process is in. */
  WRONG_STATE: 'OUTSTEP_WRONG_STATE',
} as const;

/** What kind of failure it is: for programs, as the message is for people. */
export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

/** A failure that a caller can act on. Its message says what was to be done, and why that could not be. */
export class OutstepError extends Error {
  override readonly name = 'OutstepError';
  readonly code: ErrorCode;
  /** The kernel's error number (errno(3)), where the kernel gave one. */
  readonly errno: number | undefined;
  /** What is known beyond the message: why, where that does not say it, and what helps. A line each. */
  readonly details: readonly string[];
  /** A shell has said it on the standard error already, with its reason. */
  readonly isSaid: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      errno?: number | undefined;
      cause?: unknown;
      details?: readonly string[];
      isSaid?: boolean;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errno = options.errno;
    this.details = options.details ?? [];
    this.isSaid = options.isSaid ?? false;
  }
}

/** Whether something that was thrown is a failure that this library tells of by a code. */
export function isOutstepError(error: unknown): error is OutstepError {
  return error instanceof OutstepError;
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text of anything that was thrown, and what is known beyond it. */
export function linesOf(error: unknown): readonly string[] {
  return [messageOf(error), ...(isOutstepError(error) ? error.details : [])];
}

/** The same in one line. */
export function sentencesOf(error: unknown): string {
  return linesOf(error)
    .map((line, index, { length }) => (index < length - 1 ? line.replace(/\.$/, '') : line))
    .join('. ');
}
