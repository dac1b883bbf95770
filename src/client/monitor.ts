/** Commands of the server's own (GDB manual, "General Query Packets", qRcmd). */
import { asciiText, bytesOfHex, printPacket } from 'gdb-js-rsp-parser';
import { joinBytes } from './join-bytes.js';
import type { Requester } from './requester.js';
import type { WaitOptions } from './wait-options.js';

/** @returns what the command prints @throws ClientError REFUSED, UNSUPPORTED */
export async function runMonitorCommand(
  requester: Requester,
  command: string,
  options: WaitOptions,
): Promise<string> {
  const parts: Uint8Array[] = [];
  const data = printPacket({ kind: 'qRcmd', command });
  const reply = await requester.exchange(data, {
    ...options,
    takeInterim: (text) => takeOutput(text, parts),
  });
  const answer = requester.answerOf('qRcmd', data, reply);
  if (answer.kind !== 'ok') parts.push(answer.bytes);
  return new TextDecoder().decode(joinBytes(parts));
}

/** `O` and pairs of hex digits; `OK` has the same first letter. */
function takeOutput(data: Uint8Array, parts: Uint8Array[]): boolean {
  const text = asciiText(data);
  if (!/^O(?:[0-9a-fA-F]{2})*$/.test(text)) return false;
  parts.push(bytesOfHex(text.slice(1)));
  return true;
}
