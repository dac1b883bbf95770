/** `features`: the target description. */
import { describeRegisters } from '../described-registers.js';
import type { TransferObject } from './transfer-object.js';
import { utf8Bytes } from './xml.js';

export const features: TransferObject = {
  name: 'features',
  read: (session, annex) =>
    annex === 'target.xml'
      ? utf8Bytes(describeRegisters(session, session.selection.requireProcess()).targetDescription)
      : undefined,
};
