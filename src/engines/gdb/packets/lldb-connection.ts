/** What LLDB asks for when it connects (LLDB's "GDB Remote Protocol Extensions"). */
import { codecPacket, replyTo } from '../codec-packet.js';
import { packetSizeBytes } from '../features.js';
import { errno, failure, ok, type PacketEntry } from '../packet.js';

export const lldbConnectionPackets: readonly PacketEntry[] = [
  codecPacket('QThreadSuffixSupported', () => ok, { advertise: 'QThreadSuffixSupported+' }),
  codecPacket(
    'QListThreadsInStopReply',
    ({ features }) => {
      features.lldb.listsThreads = true;
      return ok;
    },
    { advertise: 'QListThreadsInStopReply+' },
  ),
  codecPacket('QEnableErrorStrings', ({ features }) => {
    features.lldb.hasErrorStrings = true;
    return ok;
  }),
  // What comes after it answers what was sent after it: the client has given a reply up that it waited for too long.
  codecPacket('qEcho', (_session, { text }) => replyTo('qEcho', { kind: 'echo', text }), {
    advertise: 'qEcho+',
  }),
  codecPacket('qSpeedTest', (_session, { lengthBytes }) => {
    if (lengthBytes > packetSizeBytes)
      return failure(errno.invalid, `no reply has more than ${packetSizeBytes} bytes`);
    return replyTo('qSpeedTest', { kind: 'data', text: 'a'.repeat(lengthBytes) });
  }),
  codecPacket('qStructuredDataPlugins', () => replyTo('qStructuredDataPlugins', { kind: 'json', json: [] })),
];
