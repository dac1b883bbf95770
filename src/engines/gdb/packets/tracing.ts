/** The packets of tracing, in three files. */
import type { PacketEntry } from '../packet.js';
import { traceRunPackets } from './trace-run.js';
import { traceVariablePackets } from './trace-variables.js';
import { tracepointPackets } from './tracepoints.js';

export const tracingPackets: readonly PacketEntry[] = [
  ...tracepointPackets,
  ...traceVariablePackets,
  ...traceRunPackets,
];
