/** `siginfo`: the siginfo_t of the signal that the selected thread stopped with, sigaction(2). */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import type { GdbSession } from '../session.js';
import type { TransferObject } from './transfer-object.js';

function currentInfo(session: GdbSession): Uint8Array {
  const info = session.selection.requireGeneral().readSiginfo();
  if (info === undefined)
    throw new OutstepError(errorCodes.WRONG_STATE, 'the thread has no signal information');
  return info;
}

export const siginfo: TransferObject = {
  name: 'siginfo',
  isLive: true,
  read: (session, annex) => (annex === '' ? currentInfo(session) : undefined),
  write: (session, annex, offset, bytes) => {
    if (annex !== '') return undefined;
    const info = currentInfo(session).slice();
    if (offset + bytes.length > info.length) {
      throw new OutstepError(errorCodes.UNSUPPORTED, `a siginfo_t has ${info.length} bytes`);
    }
    info.set(bytes, offset);
    if (session.selection.requireGeneral().writeSiginfo(info)) return 'written';
    throw new OutstepError(errorCodes.WRONG_STATE, 'the thread has no signal information');
  },
};
