/** Whole objects of `qXfer` (GDB manual, "General Query Packets", qXfer). */
import { ProtocolError, type ThreadId } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes } from './client-error.js';
import { joinBytes } from './join-bytes.js';
import { type Requester, unexpected } from './requester.js';
import type { WaitOptions } from './wait-options.js';

export interface ObjectOptions extends WaitOptions {
  /** Whose object it is, for those that belong to a thread. */
  readonly thread?: ThreadId;
}

/** Around the data of a reply. */
const headerBytes = 5;

/**
 * @param annex which of its kind: `target.xml`, a pid in hex, or nothing
 * @throws ClientError UNSUPPORTED, REFUSED
 */
export async function readObject(
  requester: Requester,
  object: string,
  annex = '',
  { thread, ...options }: ObjectOptions = {},
): Promise<Uint8Array> {
  const lengthBytes = Math.max(1, requester.packetBytes - headerBytes);
  const parts: Uint8Array[] = [];
  for (let offset = 0; ; ) {
    const packet = { kind: 'qXfer:read', object, annex, offset, lengthBytes } as const;
    const answer = await ofObject(object, requester.askThread(thread, packet, options));
    parts.push(answer.bytes);
    offset += answer.bytes.length;
    if (answer.kind === 'last') return joinBytes(parts);
    if (answer.bytes.length === 0) throw unexpected(`qXfer:${object}:read`, 'm');
  }
}

/** As text in UTF-8. */
export async function readObjectText(
  requester: Requester,
  object: string,
  annex = '',
  options: ObjectOptions = {},
): Promise<string> {
  return new TextDecoder().decode(await readObject(requester, object, annex, options));
}

/** What a document says. @throws ClientError BAD_OBJECT */
export function documentValue<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    throw ofDocument(error);
  }
}

/** What is wrong with a document is the server's fault. */
export function ofDocument(error: unknown): unknown {
  if (!(error instanceof ProtocolError)) return error;
  return new ClientError(clientErrorCodes.BAD_OBJECT, error.message, { cause: error });
}

/** @throws ClientError UNSUPPORTED, REFUSED */
export async function writeObject(
  requester: Requester,
  object: string,
  bytes: Uint8Array,
  { thread, ...options }: ObjectOptions = {},
): Promise<void> {
  const packet = { kind: 'qXfer:write', object, annex: '', offset: 0, bytes } as const;
  const { lengthBytes } = await ofObject(
    object,
    requester.askThread(thread, packet, { ...options, isWrite: true }),
  );
  if (lengthBytes !== bytes.length) throw unexpected(`qXfer:${object}:write`, lengthBytes.toString(16));
}

/** That one object is not there says nothing of the others. */
async function ofObject<T>(object: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== clientErrorCodes.UNSUPPORTED) throw error;
    throw new ClientError(clientErrorCodes.UNSUPPORTED, `the server has no object ${object}`, {
      cause: error,
    });
  }
}
