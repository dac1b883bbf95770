/** The table of packets: what is printed is read again, and what is malformed is a ProtocolError. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  type Packet,
  type PacketName,
  ProtocolError,
  packetTable,
  parseFailure,
  parseNotification,
  parsePacket,
  parseReply,
  printNotification,
  printPacket,
  printReply,
  type Reply,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { damaged, valuesOf } from './packet-values.js';

const runs = { numRuns: 60 };

/** Either a result, or the one kind of error that input may cause. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `${error}`);
    return undefined;
  }
}

describe('packets: table', () => {
  it('has each name once', () => {
    const names = packetTable.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });

  for (const row of packetTable) {
    // Its name comes from the table itself.
    const name = row.name as PacketName;

    it(`${name}: a request is read as it was printed`, () => {
      fc.assert(
        fc.property(valuesOf(row.fields), (members) => {
          const packet = { kind: name, ...Object(members) } as Packet;
          assert.deepEqual(parsePacket(printPacket(packet)), structuredClone(packet));
        }),
        runs,
      );
    });

    it(`${name}: a reply is read as it was printed`, () => {
      const { structure } = row.answer;
      if (structure.kind === 'choice' && Object.keys(structure.options).length === 0) {
        assert.throws(() => parseReply(name, asciiBytes('OK')), ProtocolError);
        return;
      }
      fc.assert(
        fc.property(valuesOf(row.answer), (answer) => {
          const reply = answer as Reply;
          const printed = printReply(name, reply);
          // Some data looks like a failure, which no reader of the protocol can tell.
          fc.pre(parseFailure(printed) === undefined);
          assert.deepEqual(parseReply(name, printed), structuredClone(reply));
        }),
        runs,
      );
    });

    it(`${name}: damaged packets and replies are read, or are a ProtocolError`, () => {
      const request = valuesOf(row.fields).map((members) =>
        printPacket({ kind: name, ...Object(members) } as Packet),
      );
      fc.assert(
        fc.property(request.chain(damaged), (data) => {
          attempt(() => parsePacket(data));
          attempt(() => parseReply(name, data));
        }),
        runs,
      );
    });
  }

  it('anything at all is read, or is a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...packetTable), (data, row) => {
        attempt(() => parsePacket(data));
        attempt(() => parseReply(row.name as PacketName, data));
        attempt(() => parseNotification(data));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes nothing for a packet that only begins like one', () => {
    for (const text of ['vFoo', 'qCRCx', 'qThreadInfo', 'vContinue', 'QTDPx:1', '_X1', 'jUnheardOf', '', 'q'])
      assert.deepEqual(parsePacket(asciiBytes(text)), { kind: 'unknown', data: asciiBytes(text) }, text);
  });
});

describe('packets: failures', () => {
  it('are the same for every packet', () => {
    for (const { name } of packetTable) {
      const reply = (text: string) => parseReply(name as PacketName, asciiBytes(text));
      assert.deepEqual(reply(''), { kind: 'unsupported' });
      assert.deepEqual(reply('E0e'), { kind: 'error', number: 14 });
      assert.deepEqual(reply('E02;6e6f'), { kind: 'error', number: 2, text: 'no' });
      assert.deepEqual(reply('E.no such thing'), { kind: 'error-text', text: 'no such thing' });
    }
  });

  it('are printed as they are read', () => {
    const printed = (reply: Reply<'m'>) => asciiText(printReply('m', reply));
    assert.equal(printed({ kind: 'unsupported' }), '');
    assert.equal(printed({ kind: 'error', number: 14 }), 'E0e');
    assert.equal(printed({ kind: 'error', number: 2, text: 'no' }), 'E02;6e6f');
    assert.equal(printed({ kind: 'error-text', text: 'why' }), 'E.why');
  });

  it('of values that no packet can carry are a RangeError', () => {
    const wrong: readonly Packet[] = [
      { kind: 'm', address: -1n, lengthBytes: 4 },
      { kind: 'm', address: 2n ** 64n, lengthBytes: 4 },
      { kind: 'm', address: 0n, lengthBytes: 0.5 },
      { kind: 'vCont', actions: [] },
      { kind: 'qXfer:read', object: 'a:b', annex: '', offset: 0, lengthBytes: 1 },
    ];
    for (const packet of wrong) assert.throws(() => printPacket(packet), RangeError);
  });
});

describe('packets: notifications', () => {
  it('are read as they were printed', () => {
    for (const text of ['Stop:T05thread:p1.2;', 'Stdio:O6869', 'Other:a:b'])
      assert.equal(asciiText(printNotification(parseNotification(asciiBytes(text)))), text);
    assert.throws(() => parseNotification(asciiBytes('Stop')), ProtocolError);
    assert.throws(() => parseNotification(asciiBytes('Stop:T0')), ProtocolError);
  });
});
