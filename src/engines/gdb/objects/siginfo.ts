/** `siginfo`: the siginfo_t of the signal that the selected thread stopped with, sigaction(2). */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import { hostProcess } from '../../../base/host-process.js';
import type { Thread } from '../../../core/index.js';
import type { GdbSession } from '../session.js';
import type { TransferObject } from './transfer-object.js';

/** si_code of a thread that PTRACE_INTERRUPT stopped, ptrace(2): PTRACE_EVENT_STOP << 8 | SIGTRAP. */
const interruptCode = 0x8005;
const sigstop = 19;
/** SI_TKILL, <asm-generic/siginfo.h>. */
const tkillCode = -6;
/** siginfo_t begins with si_signo, si_errno and si_code; si_pid follows, aligned as a pointer is. */
const codeOffset = 8;
const endOfHead = 12;

function isInterrupt(info: Uint8Array): boolean {
  return new DataView(info.buffer, info.byteOffset).getInt32(codeOffset, true) === interruptCode;
}

/** No signal stopped the thread, we did; clients know that as a SIGSTOP of the server's. */
function stopOfOurs({ process }: Thread, lengthBytes: number): Uint8Array {
  const info = new Uint8Array(lengthBytes);
  const view = new DataView(info.buffer);
  view.setInt32(0, sigstop, true);
  view.setInt32(codeOffset, tkillCode, true);
  const { pointerBytes } = process.arch;
  view.setInt32(Math.ceil(endOfHead / pointerBytes) * pointerBytes, hostProcess.pid, true);
  return info;
}

function currentInfo(thread: Thread): Uint8Array {
  const info = thread.readSiginfo();
  if (info === undefined)
    throw new OutstepError(errorCodes.WRONG_STATE, 'the thread has no signal information');
  return info;
}

export const siginfo: TransferObject = {
  name: 'siginfo',
  isLive: true,
  read: (session: GdbSession, annex) => {
    if (annex !== '') return undefined;
    const thread = session.selection.requireGeneral();
    const info = currentInfo(thread);
    return isInterrupt(info) ? stopOfOurs(thread, info.length) : info;
  },
  write: (session, annex, offset, bytes) => {
    if (annex !== '') return undefined;
    const thread = session.selection.requireGeneral();
    const info = currentInfo(thread).slice();
    if (offset + bytes.length > info.length) {
      throw new OutstepError(errorCodes.UNSUPPORTED, `a siginfo_t has ${info.length} bytes`);
    }
    // Clients put back what they have read, for one after a function call: here is no signal that it could change.
    if (isInterrupt(info)) return 'written';
    info.set(bytes, offset);
    if (thread.writeSiginfo(info)) return 'written';
    throw new OutstepError(errorCodes.WRONG_STATE, 'the thread has no signal information');
  },
};
