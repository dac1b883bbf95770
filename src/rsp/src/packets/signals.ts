/** Which signals and system calls stop a program (GDB manual, "General Query Packets"). */
import { member, optional, record, separated, terminated } from '../format/compose.js';
import { hexNumber, signalNumber, zeroOrOne } from '../format/values.js';
import { ok } from './answers.js';
import { packet } from './row.js';

const signals = record(':', member('signals', terminated(signalNumber, ';')));

export const signalPackets = [
  packet('QPassSignals', signals, ok),
  packet('QProgramSignals', signals, ok),
  /** Without numbers all calls are meant. */
  packet(
    'QCatchSyscalls',
    record(':', member('isOn', zeroOrOne), optional(';', member('numbers', separated(hexNumber, ';', 1)))),
    ok,
  ),
] as const;
