/** Files of the server's machine (GDB manual, "Host I/O Packets"), with what LLDB adds. */
import { choice, member, optional, record } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { binary, hexBigint, hexBytes, hexNumber, hexText, signedHex, word } from '../format/values.js';
import { noAnswer } from './answers.js';
import { packet } from './row.js';

/** `F-1,ERRNO`: an error in the protocol's own numbering. Some servers leave the number out. */
const failed = record('F-1', optional(',', member('errno', hexNumber)));
/** Numbers that are not below 0, and what some add behind a comma. */
const result = choice({
  failed,
  result: record('F', member('value', hexNumber), optional(',', member('errno', hexNumber))),
});
/** Its length stands before the data; both count bytes without escapes. */
const attachment: Format<Uint8Array> = {
  structure: { kind: 'bytes', form: 'binary' },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => {
    const lengthBytes = fields.number();
    fields.expect(';');
    const bytes = fields.restBytes();
    if (bytes.length !== lengthBytes) fields.fail(`${lengthBytes} bytes of data`);
    return bytes;
  },
  write: (bytes, to) => {
    to.text(`${bytes.length.toString(16)};`);
    to.bytes(bytes);
  },
};
const data = choice({ failed, data: record('F', member('bytes', attachment)) });

const path = record(':', member('path', hexText));
const descriptor = record(':', member('descriptor', signedHex));

export const hostIoPackets = [
  /** 0: the files that the server itself sees. */
  packet('vFile:setfs', record(':', member('pid', hexNumber)), result),
  packet(
    'vFile:open',
    record(':', member('path', hexText), ',', member('flags', hexNumber), ',', member('mode', hexNumber)),
    result,
  ),
  packet('vFile:close', descriptor, result),
  packet(
    'vFile:pread',
    record(
      ':',
      member('descriptor', signedHex),
      ',',
      member('lengthBytes', hexNumber),
      ',',
      member('offset', hexBigint),
    ),
    data,
  ),
  packet(
    'vFile:pwrite',
    record(
      ':',
      member('descriptor', signedHex),
      ',',
      member('offset', hexBigint),
      ',',
      member('bytes', binary),
    ),
    result,
  ),
  packet('vFile:fstat', descriptor, data),
  packet('vFile:stat', path, data),
  packet('vFile:lstat', path, data),
  packet('vFile:unlink', path, result),
  packet('vFile:readlink', path, data),
  // LLDB's.
  packet('vFile:size', path, result),
  packet('vFile:exists', path, choice({ exists: record('F,1'), missing: record('F,0') })),
  packet('vFile:mode', path, result),
  /** The sum's two halves are numbers of 64 bits, the low one first. */
  packet('vFile:MD5', path, choice({ missing: record('F,x'), sum: record('F,', member('md5', hexBytes)) })),
  packet('vFile:symlink', record(':', member('target', hexText), ',', member('path', hexText)), result),
  /**
   * The client's answer to a file request of the program (`F` of a stop reply; GDB manual, "The F Reply Packet"). The
   * next stop reply follows.
   */
  packet(
    'F',
    record(
      member('value', signedHex),
      optional(
        ',',
        member('errno', hexNumber),
        // The user has interrupted the client meanwhile.
        optional(',', member('interrupted', word({ C: true }))),
      ),
      // What some calls have beside the value.
      optional(';', member('attachment', binary)),
    ),
    noAnswer,
  ),
] as const;
