/** `auxv`: the auxiliary vector, up to its end mark. */
import { auxvLengthBytes } from '../../../core/program/index.js';
import type { TransferObject } from './transfer-object.js';

export const auxv: TransferObject = {
  name: 'auxv',
  read: (session, annex) => {
    if (annex !== '') return undefined;
    const process = session.selection.requireProcess();
    const bytes = process.program.auxiliaryVector();
    return bytes.subarray(0, auxvLengthBytes(bytes, process.arch.pointerBytes));
  },
};
