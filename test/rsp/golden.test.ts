/** Packets of real sessions: what gdb, lldb and their servers have said to each other, read and printed again. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  asciiBytes,
  asciiText,
  type PacketName,
  packetTable,
  parseNotification,
  parsePacket,
  parseReply,
  printNotification,
  printPacket,
  printReply,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';
import { examples } from './packet-examples.js';

const folder = resolve(projectRoot, 'test/rsp/golden');

type Line = { readonly kind: '>' | '<' | '%'; readonly text: string };

function linesOf(file: string): Line[] {
  return readFileSync(resolve(folder, file), 'latin1')
    .split('\n')
    .filter((line) => /^[><%]/.test(line))
    .map((line) => ({
      kind: line[0] as Line['kind'],
      text: line.slice(2).replace(/\\x(..)/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    }));
}

/** Numbers that are written with leading zeros, which nobody prints here. */
const padded = /^QTro|^qPlatform|^vFile:open|^D;0|^QTDP(src)?:|^QTDV|^qTP:/;

const sessions = [
  'gdb-13.1-gdbserver-13.1.txt',
  'gdb-13.1-outstep-tracing.txt',
  'lldb-19-lldb-server-19.txt',
];

describe('packets: sessions', () => {
  for (const file of sessions) {
    it(`${file}: reads and prints every packet, reply and notification`, () => {
      let request = parsePacket(asciiBytes(''));
      const lines = linesOf(file);
      assert.ok(lines.length > 100);
      for (const { kind, text } of lines) {
        const data = asciiBytes(text);
        if (kind === '>') {
          request = parsePacket(data);
          assert.deepEqual(parsePacket(printPacket(request)), request, text);
          if (!padded.test(text)) assert.equal(asciiText(printPacket(request)), text);
        } else if (kind === '%') {
          const notification = parseNotification(data);
          assert.notEqual(notification.kind, 'other');
          assert.deepEqual(parseNotification(printNotification(notification)), notification);
        } else if (request.kind === 'unknown') {
          assert.equal(text, '', 'nobody knows it');
        } else {
          const reply = parseReply(request.kind, data);
          assert.deepEqual(parseReply(request.kind, printReply(request.kind, reply)), reply, text);
        }
      }
    });
  }
});

describe('packets: examples', () => {
  for (const [text, members, replyText, answer] of examples) {
    it(text.slice(0, 60), () => {
      const packet = parsePacket(asciiBytes(text));
      const { kind, ...rest } = packet;
      assert.deepEqual(rest, members);
      assert.equal(asciiText(printPacket(packet)), text);
      if (replyText === undefined || kind === 'unknown') return;
      const reply = parseReply(kind, asciiBytes(replyText));
      assert.deepEqual(reply, answer);
      assert.equal(asciiText(printReply(kind, reply)), replyText);
    });
  }

  it('and sessions have every packet of the table', () => {
    const texts = [
      ...sessions.flatMap((file) => linesOf(file).filter(({ kind }) => kind === '>')),
      ...examples.map(([text]) => ({ text })),
    ];
    const seen = new Set<PacketName | 'unknown'>(texts.map(({ text }) => parsePacket(asciiBytes(text)).kind));
    const missing = packetTable.map(({ name }) => name as PacketName).filter((name) => !seen.has(name));
    assert.deepEqual(missing, []);
  });
});
