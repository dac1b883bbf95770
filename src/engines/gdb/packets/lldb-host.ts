/** LLDB: the machine, its processes and users (LLDB's "GDB Remote Protocol Extensions"). */
import { hostProcess } from '../../../base/host-process.js';
import { processOwner } from '../../../core/index.js';
import { codecPacket, replyTo } from '../codec-packet.js';
import { hostFacts, tripleOf } from '../lldb/host-facts.js';
import { listedProcess, listProcesses } from '../lldb/process-list.js';
import { signalRules } from '../lldb/signal-rules.js';
import { groupNames, userNames } from '../osdata/proc-entries.js';
import { errno, failure, type PacketEntry, type Reply, text } from '../packet.js';
import { PerSession } from '../per-session.js';
import type { GdbSession } from '../session.js';

/** What LLDB's own servers end a list with. */
const endOfList = 4;

/** Processes of the list that was asked for last, those that have not been sent. */
class UnsentProcesses implements Disposable {
  list: ReturnType<typeof listProcesses> | undefined;

  [Symbol.dispose](): void {
    this.list = undefined;
  }
}

const unsent = new PerSession(() => new UnsentProcesses());

function nextProcess(session: GdbSession): Reply {
  const next = unsent.of(session).list?.next().value;
  return next === undefined
    ? failure(endOfList, 'no more processes')
    : replyTo('qsProcessInfo', { kind: 'facts', facts: next });
}

function nameReply(names: ReadonlyMap<string, string>, id: number): Reply {
  const name = names.get(String(id));
  return name === undefined
    ? failure(errno.noEntry, `nobody has the id ${id}`)
    : replyTo('qUserName', { kind: 'text', text: name });
}

export const lldbHostPackets: readonly PacketEntry[] = [
  codecPacket('qHostInfo', ({ server }) =>
    replyTo('qHostInfo', { kind: 'facts', facts: hostFacts(server.tracer.machineFacts) }),
  ),
  codecPacket('qGDBServerVersion', ({ server }) => {
    const { version } = server.config;
    const facts = { name: 'outstep', ...(version === undefined ? {} : { version }) };
    return replyTo('qGDBServerVersion', { kind: 'facts', facts });
  }),
  codecPacket('qProcessInfo', ({ selection }) => {
    const { pid, arch } = selection.requireProcess();
    const facts = {
      pid,
      ...processOwner(pid),
      triple: tripleOf(arch),
      osType: 'linux',
      endian: 'little',
      pointerBytes: arch.pointerBytes,
    };
    return replyTo('qProcessInfo', { kind: 'facts', facts });
  }),
  codecPacket('qGetPid', ({ selection }) => text(selection.requireProcess().pid.toString(16))),
  codecPacket('qProcessInfoPID', ({ server }, { pid }) => {
    const facts = listedProcess(pid, server.tracer.machineFacts);
    return facts === undefined
      ? failure(errno.noSuchProcess, `no process ${pid}, or none with a program`)
      : replyTo('qProcessInfoPID', { kind: 'facts', facts });
  }),
  codecPacket('qfProcessInfo', (session, { wanted = {} }) => {
    const ownUser = hostProcess.getuid?.() ?? 0;
    unsent.of(session).list = listProcesses(wanted, session.server.tracer.machineFacts, ownUser);
    return nextProcess(session);
  }),
  codecPacket('qsProcessInfo', (session) => nextProcess(session)),
  codecPacket('qUserName', (_session, { user }) => nameReply(userNames(), user)),
  codecPacket('qGroupName', (_session, { group }) => nameReply(groupNames(), group)),
  codecPacket('qGetWorkingDir', ({ launchSettings }) =>
    replyTo('qGetWorkingDir', { kind: 'text', text: launchSettings.workingDirectory ?? hostProcess.cwd() }),
  ),
  // The one JSON reply that LLDB reads without undoing escapes.
  codecPacket('jSignalsInfo', () => text(JSON.stringify(signalRules()))),
];
