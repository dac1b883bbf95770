/** `--explain`: what packets and replies are in words. */
import assert from 'node:assert/strict';
import { asciiBytes, encodeNotification, encodePacket, packetTable } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { openExplainer } from '../../src/cli/wire/explainer.js';
import { meanings } from '../../src/cli/wire/meanings.js';
import { openAll, type WireTap } from '../../src/cli/wire/tap.js';

function explained(use: (tap: WireTap) => void): string[] {
  const lines: string[] = [];
  use(openExplainer((line) => lines.push(line))('from a test'));
  assert.equal(lines.shift(), '-- from a test');
  return lines;
}

/** Packets and their answers in turns. */
function conversation(...words: readonly string[]): string[] {
  return explained((tap) => {
    for (const [index, word] of words.entries()) {
      const frame = encodePacket(asciiBytes(word));
      if (index % 2 === 0) tap.fromClient(frame);
      else tap.toClient(frame);
    }
  });
}

describe('cli: explanations', () => {
  it('there are for every packet of the codec, and no other', () => {
    assert.deepEqual(Object.keys(meanings).sort(), packetTable.map(({ name }) => name).sort());
  });

  const conversations: readonly [readonly string[], readonly string[]][] = [
    [
      ['m401136,8', '0102030405060708'],
      ['> m: read memory -- address 0x401136, length bytes 8', '< data: bytes 8 bytes 0102030405060708'],
    ],
    [
      ['vCont;s:p10.11;c', 'T05thread:p10.11;swbreak:;'],
      [
        '> vCont: resume, each thread in its way -- actions [(action step, thread (process 16, thread 17)); (action continue)]',
        '< signal: signal SIGTRAP, registers [], thread (pid 16, tid 17), reason swbreak',
      ],
    ],
    [
      ['Z0,401136,1', 'E0e', 'vAttach;7', 'E.already traced', 'qNonsense', ''],
      [
        '> Z0: insert a breakpoint -- address 0x401136, trap kind 1',
        '< error 14',
        '> vAttach: attach to a process -- pid 7',
        '< error: already traced',
        '> "qNonsense": no known packet',
        '< not supported',
      ],
    ],
    [
      ['Zx', 'E16'],
      ['> "Zx": no known packet', '< "E16"'],
    ],
    [
      ['m40', 'E16'],
      ['> "m40": not understood: ', '< "E16"'],
    ],
    [
      ['qMemoryRegionInfo:1000', 'start:1000;size:1000;permissions:rx;'],
      ['> qMemoryRegionInfo: what memory is around the address? -- address 0x1000', '< region: '],
    ],
  ];
  for (const [words, lines] of conversations)
    it(`say what ${words[0]} is`, () => {
      const found = conversation(...words);
      assert.equal(found.length, lines.length, found.join('\n'));
      for (const [index, line] of lines.entries())
        assert.ok(found[index]?.startsWith(line), `${found[index]} does not begin with ${line}`);
    });

  it('tell output, interrupts and notifications apart from answers', () => {
    const lines = explained((tap) => {
      tap.fromClient(encodePacket(asciiBytes('vCont;c')));
      tap.toClient(encodePacket(asciiBytes('O6869')));
      tap.fromClient(Uint8Array.of(3));
      tap.toClient(encodePacket(asciiBytes('T02thread:1;')));
      tap.toClient(encodeNotification(asciiBytes('Stop:T05thread:1;')));
    });
    assert.deepEqual(
      lines.map((line) => line.replace(/(:| \().*/, '')),
      ['> vCont', '< output', '> interrupt', '< signal', '< notification'],
    );
  });

  it('are the same however the stream is cut', () => {
    const wire = [...encodePacket(asciiBytes('g')), ...encodePacket(asciiBytes('m0,4'))];
    const whole = explained((tap) => tap.fromClient(Uint8Array.from(wire)));
    const cut = explained((tap) => {
      for (const byte of wire) tap.fromClient(Uint8Array.of(byte));
    });
    assert.deepEqual(cut, whole);
  });

  it('have the data of LLDB’s bare x, and damaged packets', () => {
    assert.deepEqual(conversation('x1000,4', '\x01\x02\x03\x04').at(-1), '< data: 4 bytes 01020304');
    const [line] = explained((tap) => tap.fromClient(asciiBytes('$g#00')));
    assert.match(line ?? '', /damaged, its checksum is wrong$/);
  });

  it('name the second connection, and share its bytes with others', () => {
    const lines: string[] = [];
    const heard: string[] = [];
    const note = (bytes: Uint8Array): void => void heard.push(new TextDecoder().decode(bytes));
    const open = openAll([
      openExplainer((line) => lines.push(line)),
      () => ({ fromClient: note, toClient: note }),
    ]);
    open?.('one');
    open?.('two').fromClient(asciiBytes('$g#67'));
    assert.deepEqual(lines, ['-- one', '[2] -- two', '[2] > g: read all registers']);
    assert.deepEqual(heard, ['$g#67']);
    assert.equal(openAll([]), undefined);
  });
});
