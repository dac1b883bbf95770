/** `features`: the target description. */
import { forGdb, withoutParts } from '../../../../arch/target-description.js';
import { describeRegisters } from '../described-registers.js';
import { type TransferObject, utf8Bytes } from './transfer-object.js';

const documentFor = { gdb: forGdb, lldb: (whole: string) => whole, unknown: withoutParts };

export const features: TransferObject = {
  name: 'features',
  read: (session, annex) => {
    if (annex !== 'target.xml') return undefined;
    const { targetDescription } = describeRegisters(session, session.selection.requireProcess());
    return utf8Bytes(documentFor[session.features.kind](targetDescription));
  },
};
