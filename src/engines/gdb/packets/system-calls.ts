/** Which system calls the client wants to hear of. */
import { type FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import type { CaughtSystemCalls } from '../../../core/index.js';
import { ok, type PacketEntry, packet } from '../packet.js';

/** The kernel counts system calls in an int. */
const largestNumber = 0x7fffffff;

/** `:0`, `:1`, or `:1` and numbers in hex, each behind a `;`. */
function parseCaughtCalls(fields: FieldReader): CaughtSystemCalls {
  fields.expect(':');
  const mode = fields.number();
  if (mode === 0) {
    fields.expectEnd();
    return 'none';
  }
  if (mode !== 1) throw new ProtocolError(`unknown mode ${mode}`);
  if (fields.isAtEnd) return 'all';
  const numbers = new Set<number>();
  while (!fields.isAtEnd) {
    fields.expect(';');
    numbers.add(fields.number(largestNumber));
  }
  return numbers;
}

export const systemCallPackets: readonly PacketEntry[] = [
  packet({
    name: 'QCatchSyscalls',
    parse: parseCaughtCalls,
    run: (session, calls) => {
      session.requireAttached().attachment.setCaughtSystemCalls(calls);
      return ok;
    },
    advertise: 'QCatchSyscalls+',
  }),
];
