/** LLDB's platform mode: servers, commands and folders of the machine (LLDB's "GDB Remote Protocol Extensions"). */
import { choice, key, keyed, member, optional, record, separated, tolerated } from '../format/compose.js';
import { json } from '../format/json.js';
import {
  binary,
  decimalNumber,
  hexName,
  hexNumber,
  hexText,
  plainText,
  zeroOrOne,
} from '../format/values.js';
import { nothing, ok } from './answers.js';
import { packet } from './row.js';

const plain = plainText(';');
const wantedServer = keyed({ host: key('host', plain), port: key('port', decimalNumber) });
const server = keyed({
  pid: key('pid', decimalNumber),
  port: key('port', decimalNumber),
  socketName: key('socket_name', hexText),
});

const created = choice({ result: record('F', member('errno', hexNumber)) });
const modeAndPath = record(':', member('mode', hexNumber), ',', member('path', hexText));

export const lldbPlatformPackets = [
  packet(
    'qLaunchGDBServer',
    record(tolerated(';'), member('wanted', wantedServer)),
    choice({ server: record(member('server', server)) }),
  ),
  packet('qQueryGDBServer', nothing, choice({ json: record(member('json', json)) })),
  packet('qKillSpawnedProcess', record(':', member('pid', decimalNumber)), ok),
  packet(
    'qPlatform_shell',
    record(
      ':',
      member('command', hexText),
      ',',
      member('timeoutS', hexNumber),
      optional(',', member('folder', hexText)),
    ),
    choice({
      finished: record(
        'F,',
        member('status', hexNumber),
        ',',
        member('signal', hexNumber),
        ',',
        member('output', binary),
      ),
    }),
  ),
  packet('qPlatform_mkdir', modeAndPath, created),
  packet('qPlatform_chmod', modeAndPath, created),
  packet(
    'qPathComplete',
    record(':', member('onlyFolders', zeroOrOne), ',', member('prefix', hexText)),
    choice({ paths: record('M', member('paths', separated(hexName, ','))) }),
  ),
] as const;
