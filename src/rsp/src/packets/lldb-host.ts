/** LLDB: the connection, the host and its processes (LLDB's "GDB Remote Protocol Extensions"). */
import { choice, key, keyed, member, optional, record, separated, tolerated } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { json } from '../format/json.js';
import { decimalNumber, hexNumber, hexText, plainText, utf8Text, word } from '../format/values.js';
import { hexTextAnswer, nothing, ok } from './answers.js';
import { packet } from './row.js';

const plain = plainText(';');

/** All of them are decimal where nothing else is said. */
const hostFacts = keyed({
  triple: key('triple', hexText),
  pointerBytes: key('ptrsize', decimalNumber),
  endian: key('endian', plain),
  /** Whether a watchpoint stops before or after the access. */
  watchpointStops: key('watchpoint_exceptions_received', word({ before: 'before', after: 'after' })),
  osType: key('ostype', plain),
  osVersion: key('os_version', plain),
  osBuild: key('os_build', hexText),
  osKernel: key('os_kernel', hexText),
  hostName: key('hostname', hexText),
  distribution: key('distribution_id', hexText),
  pageBytes: key('vm-page-size', decimalNumber),
  addressBits: key('addressing_bits', decimalNumber),
  lowAddressBits: key('low_mem_addressing_bits', decimalNumber),
  highAddressBits: key('high_mem_addressing_bits', decimalNumber),
  packetTimeoutS: key('default_packet_timeout', decimalNumber),
});

/** Its numbers are hex. */
const processFacts = keyed({
  pid: key('pid', hexNumber),
  parentPid: key('parent-pid', hexNumber),
  realUser: key('real-uid', hexNumber),
  realGroup: key('real-gid', hexNumber),
  effectiveUser: key('effective-uid', hexNumber),
  effectiveGroup: key('effective-gid', hexNumber),
  triple: key('triple', hexText),
  osType: key('ostype', plain),
  endian: key('endian', plain),
  elfAbi: key('elf_abi', plain),
  pointerBytes: key('ptrsize', decimalNumber),
});

/** A process of the machine's list. Its numbers are decimal. */
const listedProcess = keyed({
  pid: key('pid', decimalNumber),
  parentPid: key('ppid', decimalNumber),
  realUser: key('uid', decimalNumber),
  realGroup: key('gid', decimalNumber),
  effectiveUser: key('euid', decimalNumber),
  effectiveGroup: key('egid', decimalNumber),
  name: key('name', hexText),
  arguments: key('args', separated(hexText, '-', 1)),
  triple: key('triple', hexText),
});

const wantedProcesses = keyed({
  name: key('name', hexText),
  nameMatch: key('name_match', plain),
  pid: key('pid', decimalNumber),
  parentPid: key('parent_pid', decimalNumber),
  realUser: key('uid', decimalNumber),
  realGroup: key('gid', decimalNumber),
  effectiveUser: key('euid', decimalNumber),
  effectiveGroup: key('egid', decimalNumber),
  ofAllUsers: key('all_users', word({ '1': true, '0': false })),
  triple: key('triple', hexText),
  arguments: key('args', plain),
});

function facts<T extends object>(of: Format<T>) {
  return choice({ facts: record(member('facts', of)) });
}

const anything = record(optional(':', member('fields', plainText())));
const anyPairs = record(optional(';', member('fields', plainText())));

export const lldbHostPackets = [
  packet('QThreadSuffixSupported', nothing, ok),
  packet('QListThreadsInStopReply', nothing, ok),
  packet('QEnableErrorStrings', nothing, ok),
  packet('qHostInfo', nothing, facts(hostFacts)),
  packet('qProcessInfo', nothing, facts(processFacts)),
  packet(
    'qGDBServerVersion',
    nothing,
    facts(keyed({ name: key('name', plain), version: key('version', plain) })),
  ),
  packet('qProcessInfoPID', record(':', member('pid', decimalNumber)), facts(listedProcess)),
  // One process in each reply; an error ends the list.
  packet('qfProcessInfo', record(optional(':', member('wanted', wantedProcesses))), facts(listedProcess)),
  packet('qsProcessInfo', nothing, facts(listedProcess)),
  packet('qUserName', record(':', member('user', decimalNumber)), hexTextAnswer),
  packet('qGroupName', record(':', member('group', decimalNumber)), hexTextAnswer),
  packet('qGetPid', nothing, choice({ process: record(member('pid', hexNumber)) })),
  packet('qGetWorkingDir', nothing, hexTextAnswer),
  packet(
    'qEcho',
    record(':', member('text', plainText())),
    choice({ echo: record('qEcho:', member('text', plainText())) }),
  ),
  packet(
    'qSpeedTest',
    record(
      ':response_size:',
      member('lengthBytes', hexNumber),
      tolerated(';'),
      // What the client sends only to send it.
      optional('data:', member('filler', plainText())),
    ),
    choice({ data: record('data:', member('text', plainText())) }),
  ),
  packet('QEnableCompression', record(':type:', member('type', plain), tolerated(';')), ok),
  packet('qStructuredDataPlugins', nothing, choice({ json: record(member('json', json)) })),
  packet('jSignalsInfo', nothing, choice({ json: record(member('json', json)) })),
  // Darwin's, and old ones: only their names are known here, and what stands behind them is not taken apart.
  packet('QSupportedAsyncJSONPackets', anything, ok),
  packet('QConfigureDarwinLog', record(':', member('json', json)), ok),
  packet('QSetProcessEvent', anything, ok),
  packet('QSetIgnoredExceptions', anything, ok),
  packet('QSetLogging', anything, ok),
  packet('QSetMaxPacketSize', anything, ok),
  packet('QSetMaxPayloadSize', anything, ok),
  packet('QSetEnableAsyncProfiling', anyPairs, ok),
  packet('qGetProfileData', anyPairs, choice({ data: record(member('text', utf8Text)) })),
  packet('QSyncThreadState', anything, ok),
  packet('qSyncThreadStateSupported', nothing, ok),
  packet('qStepPacketSupported', nothing, ok),
] as const;
