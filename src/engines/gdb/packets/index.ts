/** Every packet that is answered. What is not here gets the empty reply. */

import { asciiText } from 'gdb-js-rsp-parser';
import type { MachineFacts } from '../../../../arch/module.js';
import type { PacketEntry } from '../packet.js';
import { breakpointPackets } from './breakpoints.js';
import { environmentPackets } from './environment.js';
import { hostIoPackets } from './host-io.js';
import { lldbConnectionPackets } from './lldb-connection.js';
import { lldbHostPackets } from './lldb-host.js';
import { lldbLaunchPackets } from './lldb-launch.js';
import { lldbMemoryPackets } from './lldb-memory.js';
import { lldbPlatformPackets } from './lldb-platform.js';
import { lldbThreadPackets } from './lldb-threads.js';
import { memoryPackets } from './memory.js';
import { memoryTagPackets } from './memory-tags.js';
import { monitorPackets } from './monitor.js';
import { nonStopPackets } from './non-stop.js';
import { processPackets } from './processes.js';
import { registerPackets } from './registers.js';
import { runControlPackets } from './run-control.js';
import { searchPackets } from './search.js';
import { sessionPackets } from './session.js';
import { signalPackets } from './signals.js';
import { systemCallPackets } from './system-calls.js';
import { threadEventPackets } from './thread-events.js';
import { threadPackets } from './threads.js';
import { tracingPackets } from './tracing.js';
import { transferPackets } from './transfer.js';

export const packets: readonly PacketEntry[] = [
  ...sessionPackets,
  ...registerPackets,
  ...memoryPackets,
  ...runControlPackets,
  ...nonStopPackets,
  ...breakpointPackets,
  ...threadPackets,
  ...threadEventPackets,
  ...processPackets,
  ...signalPackets,
  ...systemCallPackets,
  ...hostIoPackets,
  ...transferPackets,
  ...monitorPackets,
  ...searchPackets,
  ...memoryTagPackets,
  ...environmentPackets,
  ...tracingPackets,
  ...lldbConnectionPackets,
  ...lldbHostPackets,
  ...lldbLaunchPackets,
  ...lldbThreadPackets,
  ...lldbMemoryPackets,
  ...lldbPlatformPackets,
];

const byName: ReadonlyMap<string, PacketEntry> = new Map(packets.map((entry) => [entry.name, entry]));
/** The packets about what a machine lacks. */
export function packetsBeyond(facts: MachineFacts): readonly string[] {
  return packets.filter((entry) => !entry.isOffered(facts)).map(({ name }) => name);
}

const unseparatedPackets = packets.filter((entry) => entry.isUnseparated);

/** No name is longer; the arguments of a packet are not searched for one. */
const longestName = Math.max(...packets.map((entry) => entry.name.length));

/**
 * The row for a packet. Names are matched whole: letters and digits up to a separator or the end (and a `?` that ends
 * the packet, as in `vCont?`). Only when no such name is known may the first letter alone be the name, for the old
 * packets that have their arguments right behind it, as a few longer names have as well.
 */
export function findPacket(data: Uint8Array, disabled: ReadonlySet<string>): PacketEntry | undefined {
  const name = wholeName(data);
  const entry = byName.get(name) ?? unseparated(name) ?? byName.get(asciiText(data.subarray(0, 1)));
  return entry === undefined || disabled.has(entry.name) ? undefined : entry;
}

function unseparated(text: string): PacketEntry | undefined {
  return unseparatedPackets.find(
    ({ name }) => text.startsWith(name) && /^[0-9a-f]/i.test(text.slice(name.length)),
  );
}

function wholeName(data: Uint8Array): string {
  let end = 0;
  while (end < data.length && end <= longestName && isNameCharacter(data[end] ?? 0)) end++;
  if (end === data.length - 1 && data[end] === question) end++;
  return asciiText(data.subarray(0, end));
}

const question = 0x3f;

function isNameCharacter(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
  return isDigit || isLetter || byte === 0x5f || byte === 0x2d;
}
