/** From stop replies to text. */
import { hexOf, hexOfText } from './hex.js';
import type { SignalStop, StopReason, StopReply } from './stop-reply.js';
import { formatThreadId, type ThreadId } from './thread-selector.js';

/**
 * The reply as text without binary data, ready for a packet.
 * @param multiprocess whether the client knows process ids in replies
 */
export function formatStopReply(reply: StopReply, multiprocess: boolean): string {
  switch (reply.kind) {
    case 'signal':
      return formatSignalStop(reply, multiprocess);
    case 'exited':
      return `W${twoDigits(reply.code)}${formatProcess(reply.pid, multiprocess)}`;
    case 'terminated':
      return `X${twoDigits(reply.signal)}${formatProcess(reply.pid, multiprocess)}`;
    case 'thread-exited':
      return `w${twoDigits(reply.code)};${formatThread(reply.thread, multiprocess)}`;
    case 'no-resumed':
      return 'N';
    case 'output':
      return `O${hexOf(reply.bytes)}`;
    case 'file-request':
      return `F${[reply.call, ...reply.arguments].join(',')}`;
  }
}

/**
 * The thread comes before the registers: GDB drops those of a process that it does not know yet. The reason does, too,
 * because after `exec` GDB takes registers for the new program's only when it has seen that key.
 */
function formatSignalStop(stop: SignalStop, multiprocess: boolean): string {
  let text = `T${twoDigits(stop.signal)}`;
  if (stop.thread !== undefined) text += `thread:${formatThread(stop.thread, multiprocess)};`;
  if (stop.core !== undefined) text += `core:${stop.core.toString(16)};`;
  if (stop.reason !== undefined) text += `${stop.reason.kind}:${formatReason(stop.reason, multiprocess)};`;
  for (const { number, value } of stop.registers) text += `${twoDigits(number)}:${hexOf(value)};`;
  for (const { key, value } of stop.extras ?? []) text += `${key}:${value};`;
  return text;
}

function formatReason(reason: StopReason, multiprocess: boolean): string {
  switch (reason.kind) {
    case 'watch':
    case 'rwatch':
    case 'awatch':
      return reason.address.toString(16);
    case 'exec':
      return hexOfText(reason.path);
    case 'replaylog':
      return reason.end;
    case 'fork':
    case 'vfork':
    case 'clone':
      return formatThread(reason.child, multiprocess);
    case 'syscall_entry':
    case 'syscall_return':
      return reason.number.toString(16);
    case 'swbreak':
    case 'hwbreak':
    case 'library':
    case 'vforkdone':
    case 'create':
      return '';
  }
}

function formatThread(thread: ThreadId, multiprocess: boolean): string {
  return formatThreadId({ pid: thread.pid ?? 0, tid: thread.tid }, multiprocess && thread.pid !== undefined);
}

function formatProcess(pid: number | undefined, multiprocess: boolean): string {
  return multiprocess && pid !== undefined ? `;process:${pid.toString(16)}` : '';
}

/** LLDB takes a key for a register only when it has two digits. */
function twoDigits(value: number): string {
  return value.toString(16).padStart(2, '0');
}
