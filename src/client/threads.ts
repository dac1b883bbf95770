/** The threads of a server, from the best list that it has. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import { type ListedThread, parseThreadList } from 'gdb-js-rsp-parser/documents';
import { documentValue, readObjectText } from './objects.js';
import { type Requester, undefinedIfRefused } from './requester.js';
import type { WaitOptions } from './wait-options.js';

/** What the server says of a thread. */
export interface ThreadInfo extends ListedThread {
  /** LLDB's servers: why it is stopped. */
  readonly reason?: string;
}

/** All threads of all processes. */
export async function listThreads(requester: Requester, options: WaitOptions = {}): Promise<ThreadInfo[]> {
  if (requester.has('qXfer:threads:read')) {
    return documentValue(parseThreadList, await readObjectText(requester, 'threads', '', options));
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
