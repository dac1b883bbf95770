/** `exec-file`: absolute path of the program; the annex is a pid, or empty for the selected process. */
import { errorCodes, OutstepError } from '../../../base/errors.js';
import { type TransferObject, utf8Bytes } from './transfer-object.js';

export const execFile: TransferObject = {
  name: 'exec-file',
  read: (session, annex) => {
    if (!/^[0-9a-f]*$/i.test(annex)) return undefined;
    const process =
      annex === '' ? session.selection.requireProcess() : session.processById(Number.parseInt(annex, 16));
    if (process === undefined) throw new OutstepError(errorCodes.NO_SUCH_PROCESS, `no process ${annex} here`);
    return utf8Bytes(process.program.executablePath());
  },
};
