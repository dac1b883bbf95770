/** LLDB: launching, attaching, and what the program reads and prints (LLDB's "GDB Remote Protocol Extensions"). */
import { choice, flag, key, keyed, member, optional, record } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { hexBytes, hexText, plainText, utf8Text, zeroOrOne } from '../format/values.js';
import { hexOfText } from '../hex.js';
import { nothing, ok, stopReply } from './answers.js';
import { packet } from './row.js';

/** `LENGTH,INDEX,ARGUMENT` for each; the length is that of the hex text. */
const numberedArguments: Format<readonly string[]> = {
  structure: { kind: 'list', of: hexText, least: 1 },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => {
    const values: string[] = [];
    do {
      const digits = fields.decimal();
      fields.expect(',');
      if (fields.decimal() !== values.length) fields.fail('arguments in their order');
      fields.expect(',');
      const bytes = fields.hexBytes();
      if (2 * bytes.length !== digits) fields.fail(`${digits} digits of an argument`);
      values.push(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    } while (fields.accept(','));
    return values;
  },
  write: (values, to) => {
    const texts = values.map((value) => hexOfText(value));
    to.text(texts.map((hex, index) => `${hex.length},${index},${hex}`).join(','));
  },
};

const path = record(':', member('path', hexText));
const byName = record(';', member('name', hexText));

export const lldbLaunchPackets = [
  packet('A', record(member('arguments', numberedArguments)), ok),
  /** It failed with a text behind `E`, which is no error number. */
  packet(
    'qLaunchSuccess',
    nothing,
    choice({ ok: record('OK'), failed: record('E', member('text', utf8Text)) }),
  ),
  packet('QSetDisableASLR', record(':', member('isOn', zeroOrOne)), ok),
  packet('QSetSTDIN', path, ok),
  packet('QSetSTDOUT', path, ok),
  packet('QSetSTDERR', path, ok),
  packet('QEnvironment', record(':', member('variable', utf8Text)), ok),
  packet('QLaunchArch', record(':', member('name', plainText())), ok),
  packet('QSetDetachOnError', record(':', member('isOn', zeroOrOne)), ok),
  /** Input for the program. GDB's old packet of the same name is not used any more. */
  packet('I', record(member('bytes', hexBytes)), ok),
  /** The next output of the program that a notification told of. */
  packet('vStdio', nothing, choice({ ok: record('OK'), output: record('O', member('bytes', hexBytes)) })),
  packet('vAttachName', byName, stopReply),
  packet('vAttachWait', byName, stopReply),
  packet('vAttachOrWait', byName, stopReply),
  packet('qVAttachOrWaitSupported', nothing, ok),
  packet('qSupportsDetachAndStayStopped', record(flag('hasColon', ':')), ok),
  packet(
    'qSaveCore',
    record(optional(';', member('wanted', keyed({ pathHint: key('path-hint', hexText) })))),
    choice({ core: record('core-path:', member('path', hexText), flag('hasEnd', ';')) }),
  ),
] as const;
