/** The threads of a server, from the best list that it has. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import { bytesOfHex, ProtocolError, parseThreadSelector } from 'gdb-js-rsp-parser';
import { ClientError, clientErrorCodes } from './client-error.js';
import { readObjectText } from './objects.js';
import { type Requester, undefinedIfRefused } from './requester.js';
import type { WaitOptions } from './wait-options.js';
import { attribute, elementsNamed, parseDocument } from './xml.js';

export interface ThreadInfo {
  readonly id: ThreadId;
  readonly name?: string;
  /** Number of the processor that it was last on. */
  readonly core?: number;
  /** Its `pthread_t`. */
  readonly handle?: Uint8Array;
  /** What else the server has to say. */
  readonly description?: string;
  /** LLDB's servers: why it is stopped. */
  readonly reason?: string;
}

/** All threads of all processes. */
export async function listThreads(requester: Requester, options: WaitOptions = {}): Promise<ThreadInfo[]> {
  if (requester.has('qXfer:threads:read')) {
    return parseThreads(await readObjectText(requester, 'threads', '', options));
  }
  // LLDB's list has the threads of one process, which is all that its servers have.
  const known = requester.has('QThreadSuffixSupported')
    ? await requester.askIfKnown({ kind: 'jThreadsInfo' }, options)
    : undefined;
  if (known === undefined) return listIds(requester, options);
  const pid = requester.currentThread?.pid;
  return known.threads.map(({ tid, name, reason, description }) => ({
    id: pid === undefined ? { tid } : { pid, tid },
    ...(name === undefined ? {} : { name }),
    ...(reason === undefined ? {} : { reason }),
    ...(description === undefined ? {} : { description }),
  }));
}

async function listIds(requester: Requester, options: WaitOptions): Promise<ThreadInfo[]> {
  const ids: ThreadId[] = [];
  let answer = await requester.ask({ kind: 'qfThreadInfo' }, options);
  while (answer.kind === 'threads') {
    ids.push(...answer.threads);
    answer = await requester.ask({ kind: 'qsThreadInfo' }, options);
  }
  return Promise.all(
    ids.map(async (id) => {
      const description = await describe(requester, id, options);
      return description === undefined ? { id } : { id, description };
    }),
  );
}

/** undefined where the server has none, or the thread has ended meanwhile. */
async function describe(
  requester: Requester,
  id: ThreadId,
  options: WaitOptions,
): Promise<string | undefined> {
  const packet = { kind: 'qThreadExtraInfo', thread: id } as const;
  return (await undefinedIfRefused(requester.askIfKnown(packet, options)))?.text;
}

/** The document of `qXfer:threads:read` (GDB manual, "Thread List Format"). @throws ClientError BAD_OBJECT */
export function parseThreads(text: string): ThreadInfo[] {
  return elementsNamed(parseDocument(text, 'the list of threads'), 'thread').map((element) => {
    const { core, name, handle } = element.attributes;
    const description = element.text.trim();
    return {
      id: threadIdOf(attribute(element, 'id')),
      ...(name === undefined ? {} : { name }),
      ...(core === undefined ? {} : { core: Number(core) }),
      ...(handle === undefined ? {} : { handle: bytesOfHex(handle) }),
      ...(description === '' ? {} : { description }),
    };
  });
}

function threadIdOf(text: string): ThreadId {
  try {
    const { process, thread } = parseThreadSelector(text);
    if (typeof thread === 'number' && typeof process !== 'string')
      return process === undefined ? { tid: thread } : { pid: process, tid: thread };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  throw new ClientError(clientErrorCodes.BAD_OBJECT, `the list of threads has no thread ${text}`);
}
