/** Everything that can go wrong for a client. Test the code, read the message. */
export const clientErrorCodes = {
  /** No reply within the time; the connection is closed, because a late reply would be taken for another one. */
  TIMEOUT: 'RSP_TIMEOUT',
  /** The connection ended, from either side. */
  CLOSED: 'RSP_CLOSED',
  /** The server sent something that the protocol does not allow at that place. */
  UNEXPECTED: 'RSP_UNEXPECTED',
  /** The server does not know the packet (empty reply). */
  UNSUPPORTED: 'RSP_UNSUPPORTED',
  /** The server answered `Enn` or `E.text`. */
  REFUSED: 'RSP_REFUSED',
  /** No register of that name, or the server does not know its value. */
  NO_REGISTER: 'RSP_NO_REGISTER',
} as const;

export type ClientErrorCode = (typeof clientErrorCodes)[keyof typeof clientErrorCodes];

export class ClientError extends Error {
  override readonly name = 'ClientError';

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** @returns whether `error` is a `ClientError` with this code */
export function hasCode(error: unknown, code: ClientErrorCode): boolean {
  return error instanceof ClientError && error.code === code;
}
