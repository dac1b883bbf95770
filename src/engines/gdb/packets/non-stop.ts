/** Non-stop mode and its notifications (GDB manual, "Notification Packets", "Remote Non-Stop"). */
import { type FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { nothing, ok, type PacketEntry, packet } from '../packet.js';
import type { RunMode } from '../run-mode.js';

function parseMode(fields: FieldReader): RunMode['kind'] {
  fields.expect(':');
  const mode = fields.number();
  fields.expectEnd();
  if (mode > 1) throw new ProtocolError(`neither 0 nor 1: ${mode}`);
  return mode === 0 ? 'all-stop' : 'non-stop';
}

export const nonStopPackets: readonly PacketEntry[] = [
  packet({
    name: 'QNonStop',
    parse: parseMode,
    run: async (session, mode) => {
      await session.setMode(mode);
      return ok;
    },
    advertise: 'QNonStop+',
  }),
  packet({ name: 'vStopped', parse: nothing, run: (session) => session.acknowledgeStop() }),
  packet({
    name: 'vCtrlC',
    parse: nothing,
    run: (session) => {
      session.interrupt();
      return ok;
    },
  }),
];
