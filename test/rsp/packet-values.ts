/** Values of packets and replies for property tests, made up from what their formats consist of. */

import fc, { type Arbitrary } from 'fast-check';
import { type Format, gdbSignal, type ItemStructure, type JsonValue } from 'gdb-js-rsp-parser';
import { assertNever } from '../../src/base/assert-never.js';

const bytes = fc.uint8Array({ maxLength: 12 });
const unicode = fc.string({ unit: 'binary', maxLength: 8 });
const id = fc.integer({ min: 1, max: 0x3fffffff });
const threadId = fc.record({ pid: id, tid: id }, { requiredKeys: ['tid'] });
const patternPart = fc.oneof(id, fc.constant('all'), fc.constant('any'));

const reason = fc.oneof(
  fc.record({ kind: fc.constantFrom('watch', 'rwatch', 'awatch'), address: fc.bigInt(0n, 2n ** 64n - 1n) }),
  fc.record({ kind: fc.constantFrom('swbreak', 'hwbreak', 'library', 'vforkdone', 'create') }),
  fc.record({ kind: fc.constant('exec'), path: unicode }),
  fc.record({ kind: fc.constant('replaylog'), end: fc.constantFrom('begin', 'end') }),
  fc.record({ kind: fc.constantFrom('fork', 'vfork', 'clone'), child: threadId }),
  fc.record({ kind: fc.constantFrom('syscall_entry', 'syscall_return'), number: id }),
);

const signalStop = fc.record(
  {
    kind: fc.constant('signal'),
    signal: fc.integer({ min: 0, max: 255 }).map(gdbSignal),
    registers: fc.array(fc.record({ number: fc.nat(255), value: bytes }), { maxLength: 3 }),
    thread: threadId,
    core: fc.nat(1000),
    reason,
    extras: fc.array(
      fc.record({ key: fc.constantFrom('name', 'threads', 'memory', 'unheard-of'), value: plain(';') }),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['kind', 'signal', 'registers'] },
);

const stopReply = fc.oneof(
  signalStop,
  fc.record({ kind: fc.constant('exited'), code: fc.nat(255), pid: id }, { requiredKeys: ['kind', 'code'] }),
  fc.record(
    { kind: fc.constant('terminated'), signal: fc.nat(255).map(gdbSignal), pid: id },
    { requiredKeys: ['kind', 'signal'] },
  ),
  fc.record({ kind: fc.constant('thread-exited'), code: fc.nat(255), thread: threadId }),
  fc.record({ kind: fc.constant('no-resumed') }),
  fc.record({ kind: fc.constant('output'), bytes }),
  fc.record({
    kind: fc.constant('file-request'),
    call: fc.constantFrom('open', 'write'),
    arguments: fc.array(plain(',')),
  }),
);

const lldbThread = fc.record(
  {
    tid: id,
    name: unicode,
    reason: unicode,
    description: unicode,
    signal: fc.nat(64),
    registers: fc
      .uniqueArray(fc.nat(300), { maxLength: 3 })
      .map((numbers) =>
        numbers.sort((a, b) => a - b).map((number) => ({ number, value: Uint8Array.of(number & 0xff) })),
      ),
    memory: fc.array(fc.record({ address: fc.bigInt(0n, 2n ** 47n), bytes }), { maxLength: 2 }),
  },
  { requiredKeys: ['tid'] },
);

const own: Readonly<Record<string, Arbitrary<unknown>>> = {
  'thread-id': threadId,
  'thread-pattern': fc.oneof(
    fc.record({ process: fc.constant(undefined), thread: patternPart }),
    fc
      .record({ process: patternPart, thread: patternPart })
      .filter(({ process, thread }) => process !== 'all' || typeof thread !== 'number'),
  ),
  features: fc.array(
    fc.record({
      name: fc.constantFrom('multiprocess', 'swbreak', 'qXfer:auxv:read', 'PacketSize', 'x'),
      value: fc.oneof(fc.constantFrom('+', '-', '?'), fc.record({ text: plain(';') })),
    }),
    { minLength: 1 },
  ),
  'register-bytes': fc.tuple(bytes, fc.uniqueArray(fc.nat(11))).map(([value, indices]) => {
    const unknown = indices.filter((index) => index < value.length).sort((a, b) => a - b);
    for (const index of unknown) value[index] = 0;
    return { bytes: value, unknown };
  }),
  'stop-reply': stopReply,
  'stop-reply-or-ok': fc.oneof(stopReply, fc.record({ kind: fc.constant('ok') })),
  'memory-parts': fc.array(bytes, { minLength: 1 }),
  json: fc.jsonValue({ maxDepth: 2 }).map((value): JsonValue => JSON.parse(JSON.stringify(value))),
  'lldb-threads': fc.array(lldbThread, { maxLength: 3 }),
  'module-queries': fc.array(fc.record({ file: unicode, triple: unicode })),
  'module-facts': fc.array(
    fc.record({ uuid: unicode, triple: unicode, filePath: unicode, fileOffset: id, fileBytes: id }),
  ),
  'breakpoint-requests': fc.array(unicode),
  'breakpoint-results': fc.array(unicode),
};

function plain(until: string, least = 0): Arbitrary<string> {
  return fc
    .array(fc.nat(255), { minLength: least, maxLength: 8 + least })
    .map((codes) => String.fromCharCode(...codes))
    .filter((text) => [...until].every((char) => !text.includes(char)));
}

/** Any value that the format can write. */
export function valuesOf(format: Format<unknown>): Arbitrary<unknown> {
  const { structure } = format;
  switch (structure.kind) {
    case 'number':
      return fc.oneof(fc.nat(20), fc.nat(Math.min(structure.most, 0x7fffffff)), fc.constant(structure.most));
    case 'signed-number':
      return fc.integer({ min: -0x80000000 });
    case 'bigint':
      return fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** BigInt(structure.bits) - 1n));
    case 'bytes':
      return bytes;
    case 'text':
      return structure.form === 'hex'
        ? unicode.filter((text) => text.length >= structure.least)
        : plain(structure.until, structure.least);
    case 'word':
      return fc.constantFrom(...structure.values);
    case 'list':
      return fc.array(valuesOf(structure.of), { minLength: structure.least, maxLength: 4 });
    case 'record':
      return recordsOf(structure.items);
    case 'choice':
      return fc.oneof(
        ...Object.entries(structure.options).map(([kind, option]) =>
          valuesOf(option).map((members) => Object.assign({ kind }, members)),
        ),
      );
    case 'keyed':
      return keyedOf(structure.keys);
    case 'own': {
      const values = own[structure.name];
      if (values === undefined) throw new Error(`no values for ${structure.name}`);
      return values;
    }
  }
}

function recordsOf(items: readonly ItemStructure[]): Arbitrary<object> {
  const parts = items.map((item): Arbitrary<object> => {
    switch (item.kind) {
      case 'member':
        return valuesOf(item.format).map((value) => ({ [item.name]: value }));
      case 'flag':
        return fc.boolean().map((value) => ({ [item.name]: value }));
      case 'optional':
        return fc.oneof(fc.constant({}), recordsOf(item.items));
      default:
        return assertNever(item);
    }
  });
  return fc.tuple(...parts).map((members) => Object.assign({}, ...members));
}

function keyedOf(keys: Readonly<Record<string, Format<unknown>>>): Arbitrary<object> {
  const known = Object.fromEntries(Object.entries(keys).map(([name, format]) => [name, valuesOf(format)]));
  const others = fc.array(fc.record({ key: fc.constantFrom('unheard-of', 'more'), value: plain(';') }), {
    minLength: 1,
    maxLength: 2,
  });
  return fc.record({ ...known, others }, { requiredKeys: [] });
}

/** Bytes that somebody could have meant for a packet: a good one with some bytes changed, cut or put in. */
export function damaged(good: Uint8Array): Arbitrary<Uint8Array> {
  return fc
    .array(
      fc.record({ at: fc.nat(good.length + 1), cut: fc.nat(3), insert: fc.uint8Array({ maxLength: 2 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((changes) =>
      changes.reduce(
        (data, { at, cut, insert }) =>
          Uint8Array.of(...data.subarray(0, at), ...insert, ...data.subarray(at + cut)),
        good,
      ),
    );
}
