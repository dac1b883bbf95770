/** Tracepoints: what the client defines (GDB manual, "Tracepoint Packets"). */
import { choice, flag, member, optional, record, repeated, separated } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { hexBigint, hexNumber, hexText, plainText, signedHex, word } from '../format/values.js';
import { ProtocolError } from '../protocol-error.js';
import { agentExpression } from './agent-expression.js';
import { ok } from './answers.js';
import { packet } from './row.js';

export const isEnabled = word({ E: true, D: false });

/** A tracepoint of one number may lie at several addresses. */
export const location = [member('number', hexNumber), ':', member('address', hexBigint)] as const;

export const definition = [
  ...location,
  ':',
  member('isEnabled', isEnabled),
  ':',
  member('stepCount', hexNumber),
  ':',
  member('passCount', hexNumber),
  // A fast one replaces so many bytes of code by a jump.
  optional(':F', member('fastBytes', hexNumber)),
  flag('isStatic', ':S'),
  optional(':X', member('condition', agentExpression)),
] as const;

/** One bit for each register, as many digits as it takes. */
const registerMask: Format<bigint> = {
  structure: { kind: 'bigint', bits: 256 },
  begins: (fields) => !fields.isAtEnd,
  read: (fields) => {
    let digits = '';
    while (/^[0-9a-fA-F]$/.test(fields.peek())) {
      digits += fields.peek();
      fields.accept(fields.peek());
    }
    if (digits === '') throw new ProtocolError('no mask of registers');
    return BigInt(`0x${digits}`);
  },
  write: (value, to) => to.text(value.toString(16)),
};

export const traceAction = choice({
  registers: record('R', member('mask', registerMask)),
  /** Memory at a register and an offset, or, with -1 (or ffffffff), at the offset. */
  memory: record(
    'M',
    member('baseRegister', signedHex),
    ',',
    member('offset', hexBigint),
    ',',
    member('lengthBytes', hexNumber),
  ),
  expression: record('X', member('bytes', agentExpression)),
  'static-data': record('L'),
});

/** Before the answer the server may ask the client to move an instruction: it answers with the packet `qRelocInsn`. */
const okOrMove = choice({
  ok: record('OK'),
  move: record('qRelocInsn:', member('from', hexBigint), ';', member('to', hexBigint)),
});

const onlyLocation = record(':', ...location);

export const tracepointPackets = [
  packet('QTDP', record(':', ...definition, flag('hasMore', '-')), okOrMove),
  /** More actions of a tracepoint; behind `S` they are those of each step. */
  packet(
    'QTDP:-',
    record(
      ...location,
      ':',
      flag('whileStepping', 'S'),
      member('actions', repeated(traceAction)),
      flag('hasMore', '-'),
    ),
    okOrMove,
    { isUnseparated: true },
  ),
  /** A piece of the text that the user wrote for it. */
  packet(
    'QTDPsrc',
    record(
      ':',
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
    ok,
  ),
  packet(
    'QTDV',
    record(
      ':',
      member('number', hexNumber),
      ':',
      member('value', hexBigint),
      ':',
      member('isBuiltIn', word({ '1': true, '0': false })),
      ':',
      member('name', hexText),
    ),
    ok,
  ),
  /** The end of a range is not part of it. */
  packet(
    'QTro',
    record(
      optional(
        ':',
        member(
          'ranges',
          separated(record(member('start', hexBigint), ',', member('end', hexBigint)), ':', 1),
        ),
      ),
    ),
    ok,
  ),
  packet('QTEnable', onlyLocation, ok),
  packet('QTDisable', onlyLocation, ok),
  packet('qRelocInsn', record(':', member('lengthBytes', hexNumber)), okOrMove),
  packet('QTStart', record(), okOrMove),
] as const;
