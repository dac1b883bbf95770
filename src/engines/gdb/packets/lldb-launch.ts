/** LLDB: how programs are started, what they read and print, attaching by name ("GDB Remote Protocol Extensions"). */
import { ProtocolError } from 'gdb-js-rsp-parser';
import { modulesOn } from '../../../../arch/index.js';
import { codecPacket, replyTo } from '../codec-packet.js';
import { launchForLldb, launchRequests } from '../lldb/launch.js';
import { findByName, nextByName, pidsCalled } from '../lldb/process-list.js';
import { empty, errno, failure, ok, type PacketEntry, type Reply } from '../packet.js';
import type { GdbSession } from '../session.js';
import { attach } from './processes.js';

function setFile(which: 'input' | 'output' | 'error') {
  return (session: GdbSession, { path }: { readonly path: string }): Reply => {
    launchRequests.of(session).setFile(which, path);
    return ok;
  };
}

/** @returns the stop reply of the first process of that name, once there is one */
async function attachByName(session: GdbSession, name: string, known: ReadonlySet<number>): Promise<Reply> {
  const found = await nextByName(name, known, () => session.isClosed);
  return found === undefined ? failure(errno.noSuchProcess, 'the client is gone') : attach(session, found);
}

export const lldbLaunchPackets: readonly PacketEntry[] = [
  codecPacket('A', async (session, { arguments: [program = '', ...args] }) => {
    await launchForLldb(session, program, args);
    return ok;
  }),
  codecPacket('qLaunchSuccess', (session) => {
    const { failure: text } = launchRequests.of(session);
    return text === undefined ? ok : replyTo('qLaunchSuccess', { kind: 'failed', text });
  }),
  codecPacket('QSetDisableASLR', ({ launchSettings }, { isOn }) => {
    launchSettings.disableRandomization = isOn;
    return ok;
  }),
  codecPacket('QSetSTDIN', setFile('input')),
  codecPacket('QSetSTDOUT', setFile('output')),
  codecPacket('QSetSTDERR', setFile('error')),
  codecPacket('QEnvironment', ({ launchSettings }, { variable }) => {
    const end = variable.indexOf('=');
    if (end < 1) throw new ProtocolError('not of the form NAME=VALUE');
    launchSettings.environment.set(variable.slice(0, end), variable.slice(end + 1));
    return ok;
  }),
  codecPacket('QLaunchArch', ({ server }, { name }) => {
    const isKnown = modulesOn(server.tracer.machineFacts.machine).some((one) => one.name === name);
    return isKnown ? ok : failure(errno.invalid, `no programs for ${name} can be started here`);
  }),
  codecPacket('QSetDetachOnError', (session, { isOn }) => {
    session.whenLost = isOn ? 'detach' : 'kill';
    return ok;
  }),
  codecPacket('I', (session, { bytes }) => {
    if (session.features.kind !== 'lldb') return empty;
    const { terminal } = launchRequests.of(session);
    if (terminal?.type(bytes) === true) return ok;
    return failure(errno.io, 'the program was not started here, has ended, or does not read');
  }),
  codecPacket('qVAttachOrWaitSupported', () => ok),
  codecPacket('vAttachName', (session, { name }) => {
    const found = findByName(name);
    return found === undefined
      ? failure(errno.noSuchProcess, `no process is called ${name}`)
      : attach(session, found);
  }),
  codecPacket('vAttachWait', (session, { name }) => attachByName(session, name, new Set(pidsCalled(name)))),
  codecPacket('vAttachOrWait', (session, { name }) => attachByName(session, name, new Set())),
  codecPacket('qSupportsDetachAndStayStopped', () => ok),
];
