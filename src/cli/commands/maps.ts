/** `outstep maps`: what is mapped where in a process, which is not stopped for that. */
import { type Mapping, mappingTextPieces, parseMappings } from '../../core/index.js';
import { StartError } from '../start-error.js';
import type { Streams } from './subcommand.js';
import { onlyPid, parseWords } from './words.js';

export const usage = `Usage:  outstep maps [--json] PID

Shows the mappings of process PID as /proc/PID/maps has them (proc(5)). The process is not stopped.

  --json                Show them as one JSON object.
`;

export async function run(words: readonly string[], { output }: Streams): Promise<number> {
  const { values, positionals } = parseWords(words, { json: { type: 'boolean' } });
  const pid = onlyPid(positionals);
  let isFirst = true;
  for (const text of mappingTextPieces(pid)) {
    if (values.json === true) {
      output.print(utf8(isFirst ? `{"pid":${pid},"mappings":[` : ','));
      output.print(utf8(parseMappings(text).map(mappingText).join(',')));
    } else output.print(bytesOf(text));
    isFirst = false;
  }
  if (isFirst) throw new StartError(`Process ${pid} has no mappings: it is gone, or not to be looked at.`);
  if (values.json === true) output.line(']}');
  return 0;
}

/** A character of the text is a byte. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function mappingText({ start, end, permissions, fileOffset, inode, name }: Mapping): string {
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  return JSON.stringify({
    start: hex(start),
    end: hex(end),
    permissions,
    fileOffset: hex(fileOffset),
    inode: Number(inode),
    name: new TextDecoder().decode(bytesOf(name)),
  });
}
