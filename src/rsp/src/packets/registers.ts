/** Registers: `g`, `G`, `p`, `P`, and LLDB's `;thread:TID;` behind them (GDB manual, "Packets"). */
import { choice, member, optional, record, tolerated } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { hexBytes, hexNumber, threadPattern } from '../format/values.js';
import { hexDigitValue, hexOf } from '../hex.js';
import { ok } from './answers.js';
import { packet } from './row.js';

/** Values of registers in the target's byte order. A byte whose value is not known is `xx` on the wire. */
export interface RegisterBytes {
  /** 0 where the value is not known. */
  readonly bytes: Uint8Array;
  /** Which bytes are not known: indices, ascending. */
  readonly unknown: readonly number[];
}

const unknownDigit = 0x78;

export const registerBytes: Format<RegisterBytes> = {
  structure: { kind: 'own', name: 'register-bytes' },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => {
    const digits = fields.textUntil(';');
    if (digits.length % 2 !== 0) fields.fail('two digits for each byte');
    const bytes = new Uint8Array(digits.length / 2);
    const unknown: number[] = [];
    for (let i = 0; i < bytes.length; i += 1) {
      const [high, low] = [digits.charCodeAt(2 * i), digits.charCodeAt(2 * i + 1)];
      const value = hexDigitValue(high) * 16 + hexDigitValue(low);
      if (high === unknownDigit && low === unknownDigit) unknown.push(i);
      else if (hexDigitValue(high) < 0 || hexDigitValue(low) < 0) fields.fail(`digits of byte ${i}`);
      else bytes[i] = value;
    }
    return { bytes, unknown };
  },
  write: ({ bytes, unknown }, to) => {
    if (unknown.length === 0) return to.text(hexOf(bytes));
    const isUnknown = new Set(unknown);
    let text = '';
    for (const [index, byte] of bytes.entries())
      text += isUnknown.has(index) ? 'xx' : hexOf(Uint8Array.of(byte));
    to.text(text);
  },
};

/** Which thread is meant, instead of the selected one; only after `QThreadSuffixSupported`. */
const thread = optional(';thread:', member('thread', threadPattern), tolerated(';'));

const values = choice({ registers: record(member('registers', registerBytes)) });

export const registerPackets = [
  packet('g', record(thread), values),
  packet('G', record(member('registers', registerBytes), thread), ok),
  packet('p', record(member('number', hexNumber), thread), values),
  packet('P', record(member('number', hexNumber), '=', member('value', hexBytes), thread), ok),
] as const;
