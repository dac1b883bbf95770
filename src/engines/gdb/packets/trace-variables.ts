/** Trace state variables ("Tracepoint Packets" in the GDB manual). */
import { type FieldReader, hexOfText } from 'gdb-js-rsp-parser';
import { nothing, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';
import { ListReply } from '../tracing/list-reply.js';
import { selectedFrame } from '../tracing/selected-frame.js';
import type { VariableDefinition } from '../tracing/trace-variables.js';

interface Definition {
  readonly number: number;
  readonly initialValue: bigint;
  readonly name: string;
}

/** Trace files have 32 bits for it. */
const largestNumber = 0xffffffff;

function parseDefinition(fields: FieldReader): Definition {
  fields.expect(':');
  const number = fields.number(largestNumber);
  fields.expect(':');
  const initialValue = BigInt.asIntN(64, fields.bigint());
  fields.expect(':');
  // Whether it is builtin is the server's to say.
  fields.number();
  fields.expect(':');
  const name = fields.hexText();
  fields.expectEnd();
  return { number, initialValue, name };
}

function parseNumber(fields: FieldReader): number {
  fields.expect(':');
  const number = fields.number(largestNumber);
  fields.expectEnd();
  return number;
}

/** `U`: not collected in the selected frame, or no run has given it a value. */
function currentValue(session: GdbSession, number: number): Reply {
  const { tracing } = session.server;
  const frame = selectedFrame(session);
  const live = tracing.hasRun ? tracing.variables.value(number) : undefined;
  const value = frame === undefined ? live : frame.readVariable(number);
  return text(value === undefined ? 'U' : `V${hexOfValue(value)}`);
}

function hexOfValue(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16);
}

function describe({ number, initialValue, isBuiltin, name }: VariableDefinition): string {
  const fields = [number.toString(16), hexOfValue(initialValue), isBuiltin ? '1' : '0', hexOfText(name)];
  return fields.join(':');
}

const definitions = new ListReply((session) => session.server.tracing.variables.definitions.map(describe));

export const traceVariablePackets: readonly PacketEntry[] = [
  packet({
    name: 'QTDV',
    parse: parseDefinition,
    run: (session, { number, initialValue, name }) => {
      session.server.tracing.variables.define(number, initialValue, name);
      return ok;
    },
    advertise: 'TraceStateVariables+',
    errorText: 'any-client',
  }),
  packet({ name: 'qTV', parse: parseNumber, run: currentValue }),
  packet({ name: 'qTfV', parse: nothing, run: (session) => definitions.first(session) }),
  packet({ name: 'qTsV', parse: nothing, run: (session) => definitions.next(session) }),
];
