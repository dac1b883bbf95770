/** Tracepoints: what the client defines, and what is defined ("Tracepoint Packets" in the GDB manual). */
import { agentExpression, type FieldReader, hexOf, hexOfText } from 'gdb-js-rsp-parser';
import { type Address, address } from '../../../base/ids.js';
import { errno, failure, nothing, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';
import { ListReply } from '../tracing/list-reply.js';
import type { SourceLine, Tracepoint, TracepointDefinition } from '../tracing/tracepoint.js';

interface Location {
  readonly number: number;
  readonly address: Address;
}

type Definition =
  | { readonly kind: 'tracepoint'; readonly definition: TracepointDefinition; readonly hasMore: boolean }
  | {
      readonly kind: 'actions';
      readonly location: Location;
      readonly actions: string;
      readonly hasMore: boolean;
    }
  /** Of a kind that needs code of ours inside the program. */
  | { readonly kind: 'unsupported'; readonly what: string };

function parseLocation(fields: FieldReader): Location {
  const number = fields.number();
  fields.expect(':');
  return { number, address: address(fields.bigint()) };
}

function parseOnlyLocation(fields: FieldReader): Location {
  fields.expect(':');
  const location = parseLocation(fields);
  fields.expectEnd();
  return location;
}

function parseDefinition(fields: FieldReader): Definition {
  fields.expect(':');
  if (fields.accept('-')) {
    const location = parseLocation(fields);
    fields.expect(':');
    const rest = fields.restText();
    const hasMore = rest.endsWith('-');
    return { kind: 'actions', location, actions: hasMore ? rest.slice(0, -1) : rest, hasMore };
  }
  const location = parseLocation(fields);
  fields.expect(':');
  const isEnabled = fields.accept('E');
  if (!isEnabled) fields.expect('D');
  fields.expect(':');
  const stepCount = fields.number();
  fields.expect(':');
  const passCount = fields.number();
  let condition: Uint8Array | undefined;
  while (fields.accept(':')) {
    if (fields.accept('F')) return { kind: 'unsupported', what: 'fast tracepoints' };
    if (fields.accept('S')) return { kind: 'unsupported', what: 'static tracepoints' };
    fields.expect('X');
    condition = agentExpression.read(fields);
  }
  const hasMore = fields.accept('-');
  fields.expectEnd();
  return {
    kind: 'tracepoint',
    definition: { ...location, isEnabled, stepCount, passCount, condition },
    hasMore,
  };
}

function define(session: GdbSession, request: Definition): Reply {
  const { tracing } = session.server;
  if (request.kind === 'unsupported') {
    const reason = 'they need code inside the program; use ordinary tracepoints';
    return failure(errno.invalid, `${request.what} are not supported: ${reason}`);
  }
  let tracepoint: Tracepoint;
  if (request.kind === 'tracepoint') {
    tracepoint = tracing.tracepoints.define(request.definition);
  } else {
    const { number, address: at } = request.location;
    tracepoint = tracing.tracepoints.require(number, at);
    tracepoint.addActions(request.actions);
  }
  if (!request.hasMore) tracing.install(tracepoint);
  return ok;
}

interface Source {
  readonly location: Location;
  readonly source: SourceLine;
}

/** `start` and the length are of use only to a client that sends a long line in pieces; none does. */
function parseSource(fields: FieldReader): Source {
  fields.expect(':');
  const location = parseLocation(fields);
  fields.expect(':');
  const kind = fields.textUntil(':');
  fields.expect(':');
  fields.number();
  fields.expect(':');
  fields.number();
  fields.expect(':');
  const line = fields.hexText();
  fields.expectEnd();
  return { location, source: { kind, text: line } };
}

function enable(isEnabled: boolean): (session: GdbSession, location: Location) => Reply {
  return (session, { number, address: at }) => {
    session.server.tracing.tracepoints.require(number, at).isEnabled = isEnabled;
    return ok;
  };
}

function* describe(tracepoint: Tracepoint): Iterable<string> {
  const { number, address: at, isEnabled, stepCount, passCount, condition } = tracepoint;
  const location = `${number.toString(16)}:${at.toString(16)}`;
  const counts = `${stepCount.toString(16)}:${passCount.toString(16)}`;
  const suffix = condition === undefined ? '' : `:X${condition.length.toString(16)},${hexOf(condition)}`;
  yield `T${location}:${isEnabled ? 'E' : 'D'}:${counts}${suffix}`;
  for (const action of tracepoint.actions) yield `A${location}:${action.text}`;
  for (const action of tracepoint.stepActions) yield `S${location}:${action.text}`;
  for (const { kind, text: line } of tracepoint.sources) {
    const hex = hexOfText(line);
    yield `Z${location}:${kind}:0:${(hex.length / 2).toString(16)}:${hex}`;
  }
}

const definitions = new ListReply((session) =>
  session.server.tracing.tracepoints.all.flatMap((one) => [...describe(one)]),
);

export const tracepointPackets: readonly PacketEntry[] = [
  packet({
    name: 'QTDP',
    parse: parseDefinition,
    run: define,
    advertise: ['ConditionalTracepoints+', 'InstallInTrace+', 'tracenz+'],
    errorText: 'any-client',
  }),
  packet({
    name: 'QTDPsrc',
    parse: parseSource,
    run: (session, { location, source }) => {
      const { number, address: at } = location;
      session.server.tracing.tracepoints.require(number, at).sources.push(source);
      return ok;
    },
    advertise: 'TracepointSource+',
    errorText: 'any-client',
  }),
  packet({
    name: 'QTEnable',
    parse: parseOnlyLocation,
    run: enable(true),
    advertise: 'EnableDisableTracepoints+',
    errorText: 'any-client',
  }),
  packet({ name: 'QTDisable', parse: parseOnlyLocation, run: enable(false), errorText: 'any-client' }),
  packet({
    name: 'qTP',
    parse: parseOnlyLocation,
    run: (session, { number, address: at }) => {
      const { hitCount, usageBytes } = session.server.tracing.tracepoints.require(number, at);
      return text(`V${hitCount.toString(16)}:${usageBytes.toString(16)}`);
    },
  }),
  packet({ name: 'qTfP', parse: nothing, run: (session) => definitions.first(session) }),
  packet({ name: 'qTsP', parse: nothing, run: (session) => definitions.next(session) }),
];
