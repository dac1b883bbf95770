/** Starting, attaching, letting go and killing. */
import { bytesOfHex, type FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { errorCodes, OutstepError } from '../../../base/errors.js';
import { kernelSignal, type Pid, pid } from '../../../base/ids.js';
import type { Process } from '../../../core/index.js';
import { launchForLldb } from '../lldb/launch.js';
import { errno, failure, none, nothing, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';
import { stopReplyOf } from '../stop-reporter.js';

const sigkill = kernelSignal(9);

function parsePid(fields: FieldReader): Pid {
  fields.expect(';');
  const id = checkedPid(fields.number());
  fields.expectEnd();
  return id;
}

function checkedPid(id: number): Pid {
  if (id < 1 || id > 0x7fffffff) throw new ProtocolError(`no process has the id ${id}`);
  return pid(id);
}

/** `separator` pid, or nothing: the process of the general thread. */
function parseOptionalPid(separator: string): (fields: FieldReader) => Pid | undefined {
  return (fields) => {
    const id = fields.accept(separator) ? checkedPid(fields.number()) : undefined;
    fields.expectEnd();
    return id;
  };
}

function processOf(session: GdbSession, id: Pid | undefined): Process {
  if (id === undefined) return session.selection.requireProcess();
  const process = session.processById(id);
  if (process === undefined) throw new OutstepError(errorCodes.NO_SUCH_PROCESS, `no process ${id} here`);
  return process;
}

/**
 * The process to let go of or to kill; undefined: it has ended by itself, which comes to the same and is not told any
 * more.
 * @throws OutstepError NO_SUCH_PROCESS
 */
function processToLeave(session: GdbSession, id: Pid | undefined): Process | undefined {
  const known = id === undefined ? undefined : session.processById(id);
  if (known !== undefined) return unlessEnded(session, known);
  // A client without process ids in its thread ids has made up the one it sends: it has a single process.
  const meant = session.features.has('multiprocess') ? id : undefined;
  const isGone = meant !== undefined || session.processCount === 0;
  if (isGone && session.forgetEnd(meant)) return undefined;
  return unlessEnded(session, processOf(session, meant));
}

function unlessEnded(session: GdbSession, process: Process): Process | undefined {
  if (process.isAlive) return process;
  session.forget(process);
  return undefined;
}

interface Program {
  /** Empty: the last one. */
  readonly program: string;
  readonly args: readonly string[];
}

function parseProgram(fields: FieldReader): Program {
  const words: string[] = [];
  while (fields.accept(';')) words.push(new TextDecoder().decode(bytesOfHex(fields.textUntil(';'))));
  fields.expectEnd();
  const [program = '', ...args] = words;
  return { program, args };
}

async function run(session: GdbSession, { program, args }: Program): Promise<Reply> {
  const { server } = session;
  const name = program === '' ? server.lastProgram?.program : program;
  // Without words gdb says which of its settings names a program.
  if (name === undefined) return failure(errno.invalid);
  if (session.features.kind === 'lldb')
    return session.reportPresent(await launchForLldb(session, name, args), 'started');
  const process = await server.startProcess(name, args, session.launchSettings);
  await server.give(process, session);
  return session.reportPresent(process, 'started');
}

export async function attach(session: GdbSession, id: Pid): Promise<Reply> {
  if (session.processById(id) !== undefined)
    throw new OutstepError(errorCodes.ATTACH_REFUSED, `already attached to process ${id}`);
  const process = await session.server.attachProcess(id);
  await session.server.give(process, session);
  return session.reportPresent(process, 'attached');
}

interface Detach {
  readonly id: Pid | undefined;
  /** LLDB's `D1`: the process is to stand when nobody traces it any more. */
  readonly staysStopped: boolean;
}

function parseDetach(fields: FieldReader): Detach {
  const staysStopped = fields.accept('1');
  return { staysStopped, id: parseOptionalPid(';')(fields) };
}

async function detach(session: GdbSession, { id, staysStopped }: Detach): Promise<Reply> {
  const process = processToLeave(session, id);
  if (process !== undefined) {
    await session.server.detach(process, session, staysStopped);
    session.repeated.noteLetGo(process, session.selection.general());
  }
  if (!session.isExtended && session.processCount === 0) session.leave();
  return ok;
}

async function kill(session: GdbSession, id: Pid): Promise<Reply> {
  const process = processToLeave(session, id);
  if (process !== undefined) await session.server.kill(process, session);
  return ok;
}

/** GDB goes without an answer; LLDB waits for one before it ends the connection. */
async function killEverything(session: GdbSession): Promise<Reply> {
  if (!session.permissions.has('Control')) {
    session.leave();
    return none;
  }
  const { server, features } = session;
  const [first] = session.processes;
  await server.killAll(session);
  if (features.kind === 'lldb') {
    const status = { kind: 'killed', signal: sigkill } as const;
    session.afterReply(() => session.hangUp());
    return first === undefined
      ? text('X09')
      : stopReplyOf({ kind: 'exit', pid: first.pid, status }, session.style);
  }
  if (!session.isExtended && server.clients.size <= 1) await server.end();
  return none;
}

async function restart(session: GdbSession): Promise<Reply> {
  const last = session.server.lastProgram;
  if (!session.isExtended || last === undefined) return none;
  for (const process of [...session.processes]) await session.server.kill(process, session);
  const process = await session.server.startProcess(last.program, last.args, session.launchSettings);
  await session.server.give(process, session);
  session.reportPresent(process, 'started');
  return none;
}

export const processPackets: readonly PacketEntry[] = [
  packet({
    name: 'qAttached',
    parse: parseOptionalPid(':'),
    run: (session, id) => text(processOf(session, id).origin === 'attached' ? '1' : '0'),
  }),
  packet({ name: 'vRun', parse: parseProgram, run, errorText: 'any-client' }),
  packet({ name: 'vAttach', parse: parsePid, run: attach, errorText: 'any-client' }),
  packet({ name: 'vKill', parse: parsePid, run: kill }),
  packet({ name: 'D', parse: parseDetach, run: detach }),
  packet({
    name: 'k',
    parse: nothing,
    run: killEverything,
  }),
  packet({ name: 'R', parse: (fields) => fields.restText(), run: restart }),
];
