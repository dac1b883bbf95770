/** Trace experiments: running them, and what they have found (GDB manual, "Tracepoint Packets"). */
import { choice, member, optionalAt, record, repeated, separated, terminated } from '../format/compose.js';
import type { Format } from '../format/format.js';
import {
  hexBigint,
  hexBytes,
  hexNumber,
  hexText,
  hexWord,
  plainText,
  signedHex,
  word,
  zeroOrOne,
} from '../format/values.js';
import { nothing, ok } from './answers.js';
import { packet } from './row.js';
import { definition, location, traceAction } from './tracepoints.js';

/** Why a run is not going on, or has ended; `value` stands behind the second colon. */
const fact = record(';', member('name', plainText(':;', 1)), ':', member('value', plainText(';')));

const status = choice({
  status: record('T', member('isRunning', zeroOrOne), member('facts', repeated(fact))),
});

/** One piece of a definition for each packet: `T`, then its actions, step actions and texts. */
const tracepointPiece = choice({
  end: record('l'),
  tracepoint: record('T', ...definition),
  action: record('A', ...location, ':', member('action', traceAction)),
  'step-action': record('S', ...location, ':', member('action', traceAction)),
  source: record(
    'Z',
    ...location,
    ':',
    member('what', plainText(':', 1)),
    ':',
    member('start', hexNumber),
    ':',
    member('totalLength', hexNumber),
    ':',
    member('text', hexText),
  ),
});

const variable = choice({
  end: record('l'),
  variable: record(
    member('number', hexNumber),
    ':',
    member('value', hexBigint),
    ':',
    member('isBuiltIn', word({ '1': true, '0': false })),
    ':',
    member('name', hexText),
  ),
});

const marker = record(
  member('address', hexBigint),
  ':',
  member('id', hexText),
  ':',
  member('extra', hexText),
);
const markers = choice({
  markers: record('m', member('markers', separated(marker, ',', 1))),
  end: record('l'),
});

/** A frame by its number (ffffffff: none any more), or the next one that fits. */
const wantedFrame = choice({
  pc: record('pc:', member('address', hexBigint)),
  tracepoint: record('tdp:', member('number', hexNumber)),
  range: record('range:', member('start', hexBigint), ':', member('end', hexBigint)),
  outside: record('outside:', member('start', hexBigint), ':', member('end', hexBigint)),
  number: record(member('number', hexWord)),
});

const note = record(member('what', plainText(':;', 1)), ':', member('text', hexText));

/** So many bytes, or the server's own choice. */
const bufferSize: Format<number> = signedHex;

export const traceRunPackets = [
  packet('qTStatus', nothing, status),
  packet('QTinit', nothing, ok),
  packet('QTStop', nothing, ok),
  packet('QTDisconnected', record(':', member('isOn', zeroOrOne)), ok),
  packet('QTBuffer:circular', record(':', member('isOn', zeroOrOne)), ok),
  packet('QTBuffer:size', record(':', member('lengthBytes', bufferSize)), ok),
  packet('QTNotes', record(':', member('notes', terminated(note, ';'))), ok),
  packet('QTSave', record(':', member('file', hexText)), ok),
  packet(
    'QTFrame',
    record(':', member('frame', wantedFrame)),
    choice({
      none: record('F-1'),
      frame: record('F', member('number', hexNumber), optionalAt('T', 'T', member('tracepoint', hexNumber))),
      ok: record('OK'),
    }),
  ),
  packet(
    'qTP',
    record(':', ...location),
    choice({ usage: record('V', member('hits', hexNumber), ':', member('bufferBytes', hexNumber)) }),
  ),
  packet(
    'qTV',
    record(':', member('number', hexNumber)),
    choice({ value: record('V', member('value', hexBigint)), unknown: record('U') }),
  ),
  packet('qTfP', nothing, tracepointPiece),
  packet('qTsP', nothing, tracepointPiece),
  packet('qTfV', nothing, variable),
  packet('qTsV', nothing, variable),
  packet(
    'qTBuffer',
    record(':', member('offset', hexBigint), ',', member('lengthBytes', hexNumber)),
    choice({ end: record('l'), data: record(member('bytes', hexBytes)) }),
  ),
  packet('qTMinFTPILen', nothing, choice({ length: record(member('lengthBytes', hexNumber)) })),
  packet('qTfSTM', nothing, markers),
  packet('qTsSTM', nothing, markers),
  packet('qTSTMat', record(':', member('address', hexBigint)), markers),
  packet('QAgent', record(':', member('isOn', zeroOrOne)), ok),
] as const;
