/** The connection itself: negotiation, modes, what is selected. */
import type { FieldReader, ThreadSelector } from 'gdb-js-rsp-parser';
import { codecPacket } from '../codec-packet.js';
import { empty, errno, failure, nothing, ok, type PacketEntry, packet, text } from '../packet.js';
import { permissionNames } from '../permissions.js';
import type { GdbSession } from '../session.js';

function parseTokens(fields: FieldReader): string {
  return fields.accept(':') ? fields.restText() : '';
}

interface Selection {
  readonly operation: string;
  readonly selector: ThreadSelector;
}

function parseSelection(fields: FieldReader): Selection {
  const operation = fields.peek();
  fields.expect(operation);
  const selector = fields.threadSelector();
  fields.expectEnd();
  return { operation, selector };
}

function select(session: GdbSession, { operation, selector }: Selection) {
  switch (operation) {
    case 'g':
      if (!session.selection.selectGeneral(selector)) return failure(errno.noSuchProcess, 'no such thread');
      session.repeated.noteSelection();
      return ok;
    case 'c':
      if (typeof selector.thread === 'number' && session.selection.find(selector) === undefined) {
        return failure(errno.noSuchProcess, 'no such thread');
      }
      session.selection.forResume = selector;
      return ok;
    default:
      return empty;
  }
}

export const sessionPackets: readonly PacketEntry[] = [
  codecPacket(
    'QAllow',
    (session, { permissions }) => {
      for (const { name, isAllowed } of permissions) {
        const known = permissionNames.find((one) => one === name);
        if (known === undefined) return failure(errno.invalid, `no permission is called ${name}`);
        session.permissions.set(known, isAllowed);
      }
      return ok;
    },
    { advertise: 'QAllow+' },
  ),
  packet({
    name: 'qSupported',
    parse: parseTokens,
    run: (session, tokens) => {
      return text(session.negotiate(tokens));
    },
  }),
  packet({
    name: 'QStartNoAckMode',
    parse: nothing,
    run: (session) => {
      session.stopAcknowledging();
      return ok;
    },
    advertise: 'QStartNoAckMode+',
  }),
  packet({
    name: '!',
    parse: nothing,
    run: (session) => {
      session.saysItStays = true;
      return ok;
    },
  }),
  packet({ name: 'H', parse: parseSelection, run: select }),
  packet({ name: 'qOffsets', parse: nothing, run: () => empty }),
];
