/** LLDB: stops of all threads at once, and registers that are put aside (LLDB's "GDB Remote Protocol Extensions"). */
import type { ThreadSelector } from 'gdb-js-rsp-parser';
import type { Thread } from '../../../core/index.js';
import { codecPacket, replyTo } from '../codec-packet.js';
import { SavedRegisters } from '../lldb/saved-registers.js';
import { describeThreads } from '../lldb/thread-report.js';
import { empty, errno, failure, ok, type PacketEntry, text } from '../packet.js';
import { PerSession } from '../per-session.js';
import type { GdbSession } from '../session.js';
import { describeThreadStop } from '../stop-reporter.js';

const saved = new PerSession(() => new SavedRegisters());

function threadOf({ selection }: GdbSession, selector: ThreadSelector | undefined): Thread {
  return selector === undefined ? selection.requireGeneral() : selection.require(selector);
}

export const lldbThreadPackets: readonly PacketEntry[] = [
  codecPacket('jThreadsInfo', (session) => {
    const process = session.selection.requireProcess();
    const { threadsOf, told } = session.style;
    const threads = describeThreads(process, threadsOf(process), told);
    return replyTo('jThreadsInfo', { kind: 'threads', threads });
  }),
  codecPacket('qThreadStopInfo', (session, { tid }) => {
    const thread = session.selection.require({ process: undefined, thread: tid });
    return text(describeThreadStop(thread, session.style));
  }),
  // There is nothing more to be known of a thread than jThreadsInfo has.
  codecPacket('jThreadExtendedInfo', () => empty),
  codecPacket('QSaveRegisterState', (session, { thread }) => {
    const id = saved.of(session).save(threadOf(session, thread));
    return replyTo('QSaveRegisterState', { kind: 'saved', id });
  }),
  codecPacket('QRestoreRegisterState', (session, { id, thread }) => {
    const target = threadOf(session, thread);
    const refused = saved.of(session).restore(id, target);
    if (refused.length === 0) return ok;
    return failure(
      errno.io,
      `the kernel does not take back these registers of thread ${target.tid}: ${refused.join(', ')}`,
    );
  }),
];
