/** What replies of any packet may be instead of an answer. */
import { ClientError, clientErrorCodes } from './client-error.js';

/** `Enn` or `E.text`. */
export function isRefusal(reply: string): boolean {
  return /^E(?:[0-9a-fA-F]{2}$|\.)/.test(reply);
}

/** @throws ClientError REFUSED for `E`, UNSUPPORTED for an empty reply */
export function checkReply(packet: string, reply: string): string {
  if (reply === '') throw new ClientError(clientErrorCodes.UNSUPPORTED, `the server does not know ${packet}`);
  if (isRefusal(reply)) throw new ClientError(clientErrorCodes.REFUSED, `${packet}: ${reply}`);
  return reply;
}

export function unexpectedReply(packet: string, reply: string): ClientError {
  return new ClientError(clientErrorCodes.UNEXPECTED, `${packet}: unexpected reply ${reply.slice(0, 80)}`);
}
