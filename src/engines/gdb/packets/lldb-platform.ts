/**
 * LLDB's platform: the machine as a place to put files and to start programs ("GDB Remote Protocol Extensions"). Who may
 * start any program may do all this; a server for one program refuses it.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCodes, OutstepError } from '../../../base/errors.js';
import { pid } from '../../../base/ids.js';
import { codecPacket, replyTo } from '../codec-packet.js';
import { fileErrno, fileErrnoOfError } from '../file-errors.js';
import { runCommand } from '../lldb/shell.js';
import { errno, failure, ok, type PacketEntry } from '../packet.js';
import type { GdbSession } from '../session.js';
import { fileSystems } from './file-operation.js';

/** @throws OutstepError UNSUPPORTED */
function mustServePlatform({ server }: GdbSession): void {
  if (server.config.multi) return;
  const message = 'this server is for one program; start it with --multi, or as `lldb-server platform`';
  throw new OutstepError(errorCodes.UNSUPPORTED, message);
}

/** 0, or the protocol's error number. */
function errnoOfTask(task: () => void): number {
  try {
    task();
    return 0;
  } catch (error) {
    return fileErrnoOfError(error) ?? fileErrno.unknown;
  }
}

/** Names in a folder that begin as the path does; folders end in a slash. */
function pathsBeginning(prefix: string, onlyFolders: boolean): readonly string[] {
  const folder = prefix.endsWith('/') ? prefix : dirname(prefix);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !onlyFolders || entry.isDirectory())
    .map((entry) => join(folder, entry.name) + (entry.isDirectory() ? '/' : ''))
    .filter((path) => path.startsWith(prefix))
    .sort();
}

export const lldbPlatformPackets: readonly PacketEntry[] = [
  // Programs are debugged over further connections to this very server.
  codecPacket('qLaunchGDBServer', (session) => {
    mustServePlatform(session);
    const port = session.server.config.port?.();
    if (port === undefined) return failure(errno.invalid, 'clients do not come to a TCP port here');
    return replyTo('qLaunchGDBServer', { kind: 'server', server: { pid: 0, port } });
  }),
  // A client would connect to those of the list at once; there are none that wait with a program.
  codecPacket('qQueryGDBServer', () => replyTo('qQueryGDBServer', { kind: 'json', json: [] })),
  codecPacket('qKillSpawnedProcess', async (session, { pid: id }) => {
    mustServePlatform(session);
    // The server that programs are debugged with is this one, which stays.
    if (id === 0) return ok;
    const process = session.server.processById(pid(id));
    if (process === undefined) return failure(errno.noSuchProcess, `process ${id} was not started here`);
    await session.server.kill(process, session);
    return ok;
  }),
  codecPacket('qPlatform_shell', async (session, { command, timeoutS, folder }) => {
    mustServePlatform(session);
    const finished = await runCommand(command, timeoutS, folder ?? session.launchSettings.workingDirectory);
    return replyTo('qPlatform_shell', { kind: 'finished', ...finished });
  }),
  codecPacket('qPlatform_mkdir', (session, { mode, path }) => {
    mustServePlatform(session);
    const result = errnoOfTask(() => fileSystems.of(session).makeFolder(path, mode));
    return replyTo('qPlatform_mkdir', { kind: 'result', errno: result });
  }),
  codecPacket('qPlatform_chmod', (session, { mode, path }) => {
    mustServePlatform(session);
    const result = errnoOfTask(() => fileSystems.of(session).changeMode(path, mode));
    return replyTo('qPlatform_chmod', { kind: 'result', errno: result });
  }),
  codecPacket('qPathComplete', (session, { onlyFolders, prefix }) => {
    mustServePlatform(session);
    return replyTo('qPathComplete', { kind: 'paths', paths: pathsBeginning(prefix, onlyFolders) });
  }),
];
