/** Symbols that the server asks for, and its own commands (GDB manual, "General Query Packets"). */
import { choice, member, optionalUnless, record } from '../format/compose.js';
import { hexBigint, hexBytes, hexText } from '../format/values.js';
import { packet } from './row.js';

export const symbolPackets = [
  /** Without a name the offer to look symbols up; without a value the answer that there is no such symbol. */
  packet(
    'qSymbol',
    record(':', optionalUnless(':', member('value', hexBigint)), ':', member('name', hexText)),
    choice({ ok: record('OK'), wanted: record('qSymbol:', member('name', hexText)) }),
  ),
  /** Any number of `output` comes before the end, which is `ok` or the last of the text. */
  packet(
    'qRcmd',
    record(',', member('command', hexText)),
    choice({
      ok: record('OK'),
      output: record('O', member('bytes', hexBytes)),
      text: record(member('bytes', hexBytes)),
    }),
  ),
] as const;
