/** The peer sent something that does not follow the protocol. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code = 'RSP_MALFORMED';
}
