/** Resuming, and the question why everything stands. */
import type { FieldReader } from 'gdb-js-rsp-parser';
import { littleEndian } from '../../../base/byte-order.js';
import { type Address, address } from '../../../base/ids.js';
import type { ResumeAction } from '../../../core/index.js';
import type { ClientFeatures } from '../features.js';
import { nothing, type PacketEntry, packet, type Reply, text } from '../packet.js';
import { oldStyleActions, parseActions, parseSignal } from '../run-control.js';
import type { GdbSession } from '../session.js';

interface OldResume {
  readonly signal: number;
  /** Where to go on; undefined: where the thread is. */
  readonly start: Address | undefined;
}

function parsePlain(fields: FieldReader): OldResume {
  const start = fields.isAtEnd ? undefined : address(fields.bigint());
  fields.expectEnd();
  return { signal: 0, start };
}

function parseWithSignal(fields: FieldReader, { signalNumbers }: ClientFeatures): OldResume {
  const signal = parseSignal(fields, signalNumbers);
  const start = fields.accept(';') ? address(fields.bigint()) : undefined;
  fields.expectEnd();
  return { signal, start };
}

function resumeOldStyle(action: ResumeAction): (session: GdbSession, request: OldResume) => Reply {
  return (session, { signal, start }) => {
    const { selection } = session;
    const selected = selection.forResume;
    const thread =
      typeof selected.thread === 'number' ? selection.require(selected) : selection.requireGeneral();
    if (start !== undefined) {
      const pc = thread.process.registerFile.byRole('pc');
      thread.writeRegister(pc, littleEndian(start, pc.bits / 8));
    }
    return session.resume(oldStyleActions(action, signal, selected, thread, session.features.signalNumbers));
  };
}

const goOn = resumeOldStyle({ kind: 'continue' });
const step = resumeOldStyle({ kind: 'step' });

export const runControlPackets: readonly PacketEntry[] = [
  packet({ name: '?', parse: nothing, run: (session) => session.reportCurrent() }),
  packet({
    name: 'vCont?',
    parse: nothing,
    run: () => text('vCont;c;C;s;S;t;r'),
    advertise: 'vContSupported+',
  }),
  packet({
    name: 'vCont',
    parse: (fields, { signalNumbers }) => parseActions(fields, signalNumbers),
    run: (session, actions) => session.resume(actions),
    errorText: 'any-client',
  }),
  packet({ name: 'c', parse: parsePlain, run: goOn, errorText: 'any-client' }),
  packet({ name: 'C', parse: parseWithSignal, run: goOn, errorText: 'any-client' }),
  packet({ name: 's', parse: parsePlain, run: step, errorText: 'any-client' }),
  packet({ name: 'S', parse: parseWithSignal, run: step, errorText: 'any-client' }),
];
