/** Packets of single servers: QEMU's, rr's, and those of WebAssembly runtimes. */
import { choice, member, optional, record } from '../format/compose.js';
import { decimalNumber, hexBytes, hexNumber, hexText, plainText } from '../format/values.js';
import { hexData, hexTextAnswer, nothing, ok } from './answers.js';
import { packet } from './row.js';

const number = choice({ number: record(member('number', hexNumber)) });
const frameAndIndex = record(':', member('frame', decimalNumber), ';', member('index', decimalNumber));

export const vendorPackets = [
  packet('qqemu.Supported', nothing, choice({ text: record(member('text', plainText())) })),
  packet('qqemu.sstepbits', nothing, choice({ text: record(member('text', plainText())) })),
  packet('qqemu.sstep', nothing, choice({ text: record(member('text', plainText())) })),
  packet('Qqemu.sstep', record('=', member('number', hexNumber)), ok),
  packet('qqemu.PhyMemMode', nothing, number),
  packet('Qqemu.PhyMemMode', record(':', member('number', hexNumber)), ok),
  packet(
    'qRRCmd',
    record(
      ':',
      member('command', hexText),
      optional(':', member('tid', decimalNumber), optional(':', member('arguments', hexText))),
    ),
    hexTextAnswer,
  ),
  /** Addresses of code, 8 bytes each, least significant first. */
  packet(
    'qWasmCallStack',
    record(':', member('tid', hexNumber)),
    choice({ stack: record(member('bytes', hexBytes)) }),
  ),
  packet('qWasmLocal', frameAndIndex, hexData),
  packet('qWasmGlobal', frameAndIndex, hexData),
  packet('qWasmStackValue', frameAndIndex, hexData),
] as const;
