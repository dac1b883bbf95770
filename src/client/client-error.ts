/** Everything that can go wrong for a client. Test the code, read the message. */
export const clientErrorCodes = {
  /**
   * No reply within the time. The connection is closed when the packet was sent, because a late reply would be taken for
   * another one; a stop that did not come in time leaves the program running.
   */
  TIMEOUT: 'RSP_TIMEOUT',
  /** The connection ended, from either side. */
  CLOSED: 'RSP_CLOSED',
  /** The server sent something that the protocol does not allow at that place. */
  UNEXPECTED: 'RSP_UNEXPECTED',
  /** The server does not know the packet (empty reply), or has not got what the packet needs. */
  UNSUPPORTED: 'RSP_UNSUPPORTED',
  /** The server answered `Enn` or `E.text`. */
  REFUSED: 'RSP_REFUSED',
  /** A file operation failed; `errno` of the error has the protocol's number. */
  FILE: 'RSP_FILE',
  /** No register of that name, or the server does not know its value. */
  NO_REGISTER: 'RSP_NO_REGISTER',
  /** No file that is mapped has a symbol of that name. */
  NO_SYMBOL: 'RSP_NO_SYMBOL',
  /** An XML document of the server, or another object of it, is not what it should be. */
  BAD_OBJECT: 'RSP_BAD_OBJECT',
  /** The server could not be started, or did not say where it listens. */
  NO_SERVER: 'RSP_NO_SERVER',
} as const;

/** `code` of a `ClientError`. */
export type ClientErrorCode = (typeof clientErrorCodes)[keyof typeof clientErrorCodes];

/** What is known of a request that failed. */
export interface ClientErrorDetails {
  /** The packet that was sent, as text. */
  readonly packet?: string;
  /** What came back, as text. */
  readonly reply?: string;
  /** Of `E` replies. */
  readonly number?: number;
  /** Of file operations, in the protocol's numbering. */
  readonly errno?: number;
  readonly cause?: unknown;
}

/**
 * A request that failed: its message names the packet and the reply, as far as there are any. `code` says what kind of
 * failure it is, one of `clientErrorCodes`.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly packet: string | undefined;
  readonly reply: string | undefined;
  readonly number: number | undefined;
  readonly errno: number | undefined;

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    { packet, reply, number, errno, cause }: ClientErrorDetails = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.packet = packet;
    this.reply = reply;
    this.number = number;
    this.errno = errno;
  }
}

/** @returns whether `error` is a `ClientError` with this code */
export function hasCode(error: unknown, code: ClientErrorCode): error is ClientError {
  return error instanceof ClientError && error.code === code;
}
