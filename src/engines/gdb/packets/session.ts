/** The connection itself: negotiation, modes, what is selected. */
import type { FieldReader, ThreadSelector } from 'gdb-js-rsp-parser';
import { empty, errno, failure, nothing, ok, type PacketEntry, packet, text } from '../packet.js';
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

interface SymbolAnswer {
  readonly value: bigint | undefined;
  readonly name: string;
}

function parseSymbolAnswer(fields: FieldReader): SymbolAnswer {
  fields.expect(':');
  const value = fields.peek() === ':' || fields.isAtEnd ? undefined : fields.bigint();
  fields.accept(':');
  const name = fields.hexText();
  fields.expectEnd();
  return { value, name };
}

export const sessionPackets: readonly PacketEntry[] = [
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
      session.isExtended = true;
      return ok;
    },
  }),
  packet({ name: 'H', parse: parseSelection, run: select }),
  packet({
    // Nothing is looked up by the client's symbols, so that the first offer is also the last.
    name: 'qSymbol',
    parse: parseSymbolAnswer,
    run: () => ok,
  }),
  packet({ name: 'qOffsets', parse: nothing, run: () => empty }),
];
