/** Starting, attaching, killing, and how programs are started (GDB manual, "Packets", "General Query Packets"). */
import { member, optional, record, separated } from '../format/compose.js';
import { hexNumber, hexText, zeroOrOne } from '../format/values.js';
import { nothing, ok, stopReply, stopReplyOrOk } from './answers.js';
import { packet } from './row.js';

/** `;FILE;ARGUMENT...`: no file is the default program. */
export const processPackets = [
  packet(
    'vRun',
    record(';', member('program', hexText), optional(';', member('arguments', separated(hexText, ';', 1)))),
    stopReply,
  ),
  packet('vAttach', record(';', member('pid', hexNumber)), stopReplyOrOk),
  packet('vKill', record(';', member('pid', hexNumber)), ok),
  packet('QStartupWithShell', record(':', member('isOn', zeroOrOne)), ok),
  packet('QEnvironmentReset', nothing, ok),
  /** `NAME=VALUE`. */
  packet('QEnvironmentHexEncoded', record(':', member('variable', hexText)), ok),
  packet('QEnvironmentUnset', record(':', member('name', hexText)), ok),
  /** Nothing: the server's own folder. */
  packet('QSetWorkingDir', record(':', member('folder', hexText)), ok),
  packet('QDisableRandomization', record(':', member('isOn', zeroOrOne)), ok),
] as const;
