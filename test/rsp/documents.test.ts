import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ProtocolError } from 'gdb-js-rsp-parser';
import {
  escapeXml,
  parseMemoryMap,
  parseOsData,
  parsePlainLibraries,
  parseSvr4Libraries,
  parseSvr4Query,
  parseThreadList,
  parseTraceframeInfo,
  printMemoryMap,
  printOsData,
  printPlainLibraries,
  printSvr4Libraries,
  printSvr4Query,
  printThreadList,
  printTraceframeInfo,
} from 'gdb-js-rsp-parser/documents';
import { describe, it } from 'mocha';

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const plain = { noNullPrototype: true } as const;
const positive = fc.integer({ min: 1, max: 0x7fffffff });
/** What XML can hold: line ends in attributes become spaces, for every parser. */
const name = fc.string({ unit: fc.constantFrom(...`ab /<>&"'é\u{1f600}`), maxLength: 12 });
const word0 = name.filter((text) => text !== '');

function comesBack<T>(
  arbitrary: fc.Arbitrary<T>,
  print: (value: T) => string,
  parse: (text: string) => unknown,
): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      assert.deepEqual(parse(print(value)), value);
    }),
  );
}

const id = fc.oneof(
  positive.map((tid) => ({ tid })),
  fc.record({ pid: positive, tid: positive }, plain),
);

describe('documents', () => {
  it('list threads', () => {
    const text =
      '<?xml version="1.0"?><threads><thread id="p1.2" core="3" name="a &amp; b" handle="00ff" id_str="x">Running</thread><thread id="5"/></threads>';
    assert.deepEqual(parseThreadList(text), [
      {
        id: { pid: 1, tid: 2 },
        name: 'a & b',
        core: 3,
        handle: Uint8Array.of(0, 255),
        idText: 'x',
        description: 'Running',
      },
      { id: { tid: 5 } },
    ]);
    for (const wrong of ['p1.-1', 'x', '']) {
      assert.throws(() => parseThreadList(`<threads><thread id="${wrong}"/></threads>`), ProtocolError);
    }
    const description = word0.map((each) => each.trim()).filter((each) => each !== '');
    const members = {
      id,
      name,
      core: positive,
      handle: fc.uint8Array({ minLength: 1 }),
      idText: name,
      description,
    };
    const thread = fc.record(members, { ...plain, requiredKeys: ['id'] });
    comesBack(fc.array(thread), printThreadList, parseThreadList);
  });

  it('list libraries with link maps', () => {
    const library = fc.record(
      { name, linkMap: word, bias: word, dynamicSection: word, namespace: word },
      { ...plain, requiredKeys: ['name', 'linkMap', 'bias', 'dynamicSection'] },
    );
    const list = fc.record(
      { mainLinkMap: word, libraries: fc.array(library) },
      { ...plain, requiredKeys: ['libraries'] },
    );
    comesBack(list, printSvr4Libraries, parseSvr4Libraries);
    assert.throws(() => parseSvr4Libraries('<l><library name="a"/></l>'), {
      code: 'RSP_MALFORMED',
      message: '<library> has no attribute lm',
    });
    const wrong = '<l><library name="a" lm="0xg" l_addr="0" l_ld="0"/></l>';
    assert.throws(() => parseSvr4Libraries(wrong), { message: '<library lm> "0xg" is no number' });
  });

  it('are asked for in part', () => {
    assert.deepEqual(parseSvr4Query('start=10;prev=0;lmid=ff;'), { start: 16n, prev: 0n, lmid: 255n });
    assert.deepEqual(parseSvr4Query('new=1;start=2;'), { start: 2n });
    for (const broken of ['start', 'start=', 'start=1', 'start=x;', '=1;']) {
      assert.equal(parseSvr4Query(broken), undefined, broken);
    }
    const query = fc.record({ start: word, prev: word, lmid: word }, { ...plain, requiredKeys: [] });
    comesBack(query, printSvr4Query, parseSvr4Query);
  });

  it('list libraries by their segments, or by their sections', () => {
    const addresses = fc.array(word, { minLength: 1 });
    const unit = fc.constantFrom('segment' as const, 'section' as const);
    const library = fc.record({ name, addresses, unit }, plain);
    comesBack(fc.array(library), printPlainLibraries, parsePlainLibraries);
  });

  it('map the memory of a machine', () => {
    const text =
      '<memory-map><memory type="new" start="0x0" length="0x1000"/><memory type="flash" start="4096" length="16"><property name="blocksize">0x10</property></memory></memory-map>';
    assert.deepEqual(parseMemoryMap(text), [
      { type: 'ram', start: 0n, lengthBytes: 0x1000n },
      { type: 'flash', start: 4096n, lengthBytes: 16n, blockBytes: 16n },
    ]);
    const type = fc.constantFrom('ram' as const, 'rom' as const, 'flash' as const);
    const area = fc.record(
      { type, start: word, lengthBytes: word, blockBytes: word },
      { ...plain, requiredKeys: ['type', 'start', 'lengthBytes'] },
    );
    comesBack(fc.array(area), printMemoryMap, parseMemoryMap);
  });

  it('are tables of the operating system', () => {
    const row = fc.dictionary(word0, name, { noNullPrototype: true });
    comesBack(fc.record({ type: name, rows: fc.array(row) }, plain), printOsData, parseOsData);
  });

  it('tell what a traceframe holds', () => {
    const part = fc.oneof(
      fc.record({ kind: fc.constant('memory' as const), start: word, lengthBytes: word }, plain),
      fc.record({ kind: fc.constant('variable' as const), number: positive }, plain),
    );
    comesBack(fc.array(part), printTraceframeInfo, parseTraceframeInfo);
  });

  it('are well-formed whatever a process calls itself', () => {
    const text = printOsData({ type: 't', rows: [{ 'a b': `<x> & "y"'\u0001\ud800` }] });
    assert.equal(
      text,
      '<osdata type="t">\n<item><column name="a b">&lt;x&gt; &amp; &quot;y&quot;&apos;\ufffd\ufffd</column></item>\n</osdata>\n',
    );
    assert.equal(escapeXml('tab\t, line\n, \u{1f600}'), 'tab\t, line\n, \u{1f600}');
  });

  it('that are none are a protocol error', () => {
    for (const text of ['', '<threads', '<a/><b/>', 'threads'])
      assert.throws(() => parseThreadList(text), ProtocolError, text);
  });
});
