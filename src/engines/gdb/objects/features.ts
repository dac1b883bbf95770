/** `features`: the target description. */
import type { TransferObject } from './transfer-object.js';
import { utf8Bytes } from './xml.js';

export const features: TransferObject = {
  name: 'features',
  read: (session, annex) =>
    annex === 'target.xml'
      ? utf8Bytes(session.selection.requireProcess().registerFile.targetDescription)
      : undefined,
};
