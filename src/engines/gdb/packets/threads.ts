/** Which threads there are and what is known of them. */
import { type FieldReader, hexOfText, type ThreadSelector } from 'gdb-js-rsp-parser';
import { hasLibthreadDb } from '../libthread-db.js';
import { errno, failure, nothing, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import { PerSession } from '../per-session.js';
import type { GdbSession } from '../session.js';

/** Ids in one reply. */
const idsPerReply = 2000;

function parseThread(fields: FieldReader): ThreadSelector {
  const selector = fields.threadSelector();
  fields.expectEnd();
  return selector;
}

/** Ids of the list that was asked for last, those that have not been sent. */
class UnsentIds implements Disposable {
  #ids: readonly string[] = [];

  begin(ids: readonly string[]): void {
    this.#ids = ids;
  }

  take(): readonly string[] {
    const taken = this.#ids.slice(0, idsPerReply);
    this.#ids = this.#ids.slice(idsPerReply);
    return taken;
  }

  [Symbol.dispose](): void {
    this.#ids = [];
  }
}

const unsentIds = new PerSession(() => new UnsentIds());

function nextIds(session: GdbSession): Reply {
  const ids = unsentIds.of(session).take();
  return text(ids.length === 0 ? 'l' : `m${ids.join(',')}`);
}

interface ThreadLocal {
  readonly selector: ThreadSelector;
  readonly offset: bigint;
  readonly linkMap: bigint;
}

function parseThreadLocal(fields: FieldReader): ThreadLocal {
  fields.expect(':');
  const selector = fields.threadSelector();
  fields.expect(',');
  const offset = fields.bigint();
  fields.expect(',');
  const linkMap = fields.bigint();
  fields.expectEnd();
  return { selector, offset, linkMap };
}

function threadLocalAddress(session: GdbSession, { selector, offset, linkMap }: ThreadLocal): Reply {
  const { libthreadDbPath } = session.server;
  if (!hasLibthreadDb(libthreadDbPath))
    return failure(errno.general, `turned off: there is no libthread_db in ${libthreadDbPath}`);
  const thread = session.selection.require(selector);
  const at = thread.process.program.threadLocalAddress(thread, offset, linkMap);
  return at === undefined ? failure(errno.badAddress, 'not allocated in this thread') : text(at.toString(16));
}

export const threadPackets: readonly PacketEntry[] = [
  packet({
    name: 'T',
    parse: parseThread,
    run: (session, selector) =>
      session.selection.find(selector) === undefined ? failure(errno.noSuchProcess, 'no such thread') : ok,
  }),
  packet({
    name: 'qC',
    parse: nothing,
    run: (session) => text(`QC${session.threadId(session.selection.requireGeneral())}`),
  }),
  packet({
    name: 'qfThreadInfo',
    parse: nothing,
    run: (session) => {
      // An empty list makes LLDB believe that there is a bare machine without threads.
      if (session.features.kind === 'lldb' && session.processCount === 0)
        return failure(errno.noSuchProcess, 'no process');
      unsentIds.of(session).begin([...session.threads()].map((thread) => session.threadId(thread)));
      return nextIds(session);
    },
  }),
  packet({ name: 'qsThreadInfo', parse: nothing, run: nextIds }),
  packet({
    name: 'qThreadExtraInfo',
    parse: (fields) => {
      fields.expect(',');
      return parseThread(fields);
    },
    run: (session, selector) => text(hexOfText(session.selection.require(selector).name())),
  }),
  packet({ name: 'qGetTLSAddr', parse: parseThreadLocal, run: threadLocalAddress, errorText: 'any-client' }),
];
