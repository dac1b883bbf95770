/** Which signals the client does not want to hear of, and which may reach a program that it lets go. */
import type { FieldReader } from 'gdb-js-rsp-parser';
import { type KernelSignal, kernelSignal } from '../../../base/ids.js';
import type { ClientFeatures } from '../features.js';
import { ok, type PacketEntry, packet } from '../packet.js';

/** `:` and numbers in hex, each followed by `;`, which the last one may lack. Numbers Linux lacks are skipped. */
function parseSignals(fields: FieldReader, { signalNumbers }: ClientFeatures): ReadonlySet<KernelSignal> {
  fields.expect(':');
  const signals = new Set<KernelSignal>();
  while (!fields.isAtEnd) {
    const signal = signalNumbers.toKernel(fields.number());
    if (signal !== undefined && signal > 0) signals.add(kernelSignal(signal));
    if (!fields.accept(';')) fields.expectEnd();
  }
  return signals;
}

export const signalPackets: readonly PacketEntry[] = [
  packet({
    name: 'QPassSignals',
    parse: parseSignals,
    run: (session, signals) => {
      session.setPassSignals(signals);
      return ok;
    },
    advertise: 'QPassSignals+',
  }),
  packet({
    name: 'QProgramSignals',
    parse: parseSignals,
    run: (session, signals) => {
      session.programSignals = signals;
      return ok;
    },
    advertise: 'QProgramSignals+',
  }),
];
