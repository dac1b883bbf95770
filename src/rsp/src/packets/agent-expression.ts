/** `LENGTH,BYTES`: bytecode of the agent (GDB manual, "Agent Expressions"). */
import type { Format } from '../format/format.js';
import { hexOf } from '../hex.js';

export const agentExpression: Format<Uint8Array> = {
  structure: { kind: 'bytes', form: 'hex' },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => {
    const lengthBytes = fields.number();
    fields.expect(',');
    const bytes = fields.hexBytes();
    if (bytes.length !== lengthBytes) fields.fail(`${lengthBytes} bytes of an agent expression`);
    return bytes;
  },
  write: (bytes, to) => to.text(`${bytes.length.toString(16)},${hexOf(bytes)}`),
};
