/**
 * Real programs that cross breakpoints on random instructions: what they write stays the same to the byte, and every hit
 * is counted, as it is by stepping in place. OUTSTEP_STRESS_SEED makes another choice, OUTSTEP_STRESS_SITES a smaller one
 * than 1500 breakpoints.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { type Address, address } from '../../src/base/ids.js';
import { type Attachment, Tracer } from '../../src/core/index.js';
import { timeFactor } from '../support/bounded.js';
import { Random } from '../support/random.js';
import { countsOf, insertCounting, randomInstructions } from './random-sites.js';
import { continueAll, launchOptions, RecordingEngine } from './traced-program.js';

const seed = Number(process.env.OUTSTEP_STRESS_SEED ?? 30);
const siteCount = Number(process.env.OUTSTEP_STRESS_SITES ?? 1500 / timeFactor);
const entryType = 9n;

class WorkFolder implements Disposable {
  readonly path = mkdtempSync(resolve(tmpdir(), 'outstep-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** What a shell command that ends in `exec` writes, by itself. */
function outputOf(command: string, folder: string): Uint8Array {
  return execFileSync('/bin/sh', ['-c', command], { cwd: folder, maxBuffer: 1 << 26 });
}

function entryOf(attachment: Attachment): Address {
  const words = new BigUint64Array(Uint8Array.from(attachment.process.program.auxiliaryVector()).buffer);
  const at = words.findIndex((word, index) => index % 2 === 0 && word === entryType);
  return address(words[at + 1] ?? 0n);
}

/** Runs a command under breakpoints that `insert` sets when its libraries are loaded. Returns what it wrote. */
async function runTraced(
  command: string,
  folder: string,
  insert: (attachment: Attachment) => void,
  atEnd: (attachment: Attachment) => void,
): Promise<Uint8Array> {
  using tracer = new Tracer();
  const engine = new RecordingEngine(['exec', 'breakpoint']);
  const args = ['-c', `exec 0< /dev/null > traced; ${command}`];
  const options = { ...launchOptions('/bin/sh', args), workingDirectory: folder };
  const attachment = await tracer.launch(options, engine);
  continueAll(attachment);
  await engine.next('exec');
  const entry = entryOf(attachment);
  attachment.insertBreakpoint(entry);
  continueAll(attachment);
  await engine.next('breakpoint');
  attachment.removeBreakpoint(entry);
  insert(attachment);
  for (;;) {
    continueAll(attachment);
    const event = await engine.next('breakpoint', 'exit');
    if (event.kind === 'exit') {
      assert.deepEqual(event.status, { kind: 'exited', code: 0 });
      break;
    }
    attachment.removeBreakpoint(event.address);
  }
  atEnd(attachment);
  return readFileSync(resolve(folder, 'traced'));
}

interface Row {
  readonly name: string;
  readonly command: string;
  readonly objects: RegExp;
  readonly files: Readonly<Record<string, string>>;
}

function words(count: number): string {
  const random = new Random(31);
  return Array.from({ length: count }, () => random.below(3000).toString(36)).join(' ');
}

const rows: readonly Row[] = [
  {
    name: 'gzip',
    command: 'exec /usr/bin/gzip -9 -n -c text',
    objects: /gzip|libc\.so/,
    files: { text: words(6000) },
  },
  {
    name: 'sqlite3',
    command: 'exec /usr/bin/sqlite3 :memory: ".read script"',
    objects: /libsqlite3|libc\.so/,
    files: {
      script: `create table t (a integer primary key, b text);
        with recursive n(x) as (values (1) union all select x + 1 from n where x < 400)
          insert into t select x, hex(x * 7919) from n;
        create index i on t (b);
        select b, count(*), sum(a) from t group by substr(b, 1, 2) order by b;
        select t.a from t join t as u on t.b = u.b where t.a % 13 = 0 order by 1 desc;`,
    },
  },
];

const threadedScript = `
import hashlib, json, re, threading, zlib
results = [None] * 64
def work(index):
    text = ("%d " % (index * 7919)) * 300
    packed = zlib.compress(text.encode(), 1 + index % 9)
    found = re.findall(r"(\\d)\\d*5 ", text)
    results[index] = json.dumps([hashlib.sha256(packed).hexdigest(), zlib.crc32(packed), len(found), sorted(set(found))])
threads = [threading.Thread(target=work, args=(index,)) for index in range(64)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("\\n".join(results))
`;

/** The first that are hit, and not all the time, and others up to so many. */
function chooseSites(sites: readonly Address[], counts: readonly number[], most: number): readonly Address[] {
  const isWarm = (_: Address, index: number): boolean =>
    (counts[index] ?? 0) > 0 && (counts[index] ?? 0) <= most;
  const warm = sites.filter(isWarm);
  return [...new Set([...warm, ...sites.filter((_, index) => counts[index] === 0)])].slice(0, 100);
}

describe('breakpoints on random instructions of real programs', () => {
  for (const { name, command, objects, files } of rows) {
    it(`${name} writes the same, and hits are counted as in place`, async function () {
      this.timeout(600_000);
      using folder = new WorkFolder();
      for (const [file, text] of Object.entries(files)) writeFileSync(resolve(folder.path, file), text);
      const expected = outputOf(command, folder.path);
      const most = 100;
      let sites: readonly Address[] = [];
      let counts: readonly number[] = [];
      const collect = (attachment: Attachment): void => {
        counts = countsOf(attachment, sites);
      };
      const choose = (attachment: Attachment): void => {
        sites = randomInstructions(attachment.process.pid, objects, siteCount, new Random(seed));
        insertCounting(attachment, sites, most);
      };
      const insert = (attachment: Attachment): void => insertCounting(attachment, sites, most);
      assert.deepEqual(await runTraced(command, folder.path, choose, collect), expected);
      sites = chooseSites(sites, counts, most);
      assert.deepEqual(await runTraced(command, folder.path, insert, collect), expected);
      const outOfLine = counts;
      const insertInPlace = (attachment: Attachment): void => {
        sinon.stub(attachment.process.arch, 'plan').returns({ kind: 'refuse', reason: 'in place for once' });
        insert(attachment);
      };
      try {
        assert.deepEqual(await runTraced(command, folder.path, insertInPlace, collect), expected);
      } finally {
        sinon.restore();
      }
      assert.deepEqual(outOfLine, counts);
      assert.ok(counts.filter((count) => count > 0).length > siteCount / 40, `${counts}`);
    });
  }

  it('64 threads of python3 write the same, while sites that are hit often go', async function () {
    this.timeout(600_000);
    using folder = new WorkFolder();
    writeFileSync(resolve(folder.path, 'script.py'), threadedScript);
    const command = 'exec /usr/bin/python3 -I -S script.py';
    const expected = outputOf(command, folder.path);
    let sites: readonly Address[] = [];
    let counts: readonly number[] = [];
    const insert = (attachment: Attachment): void => {
      const random = new Random(seed);
      const { pid } = attachment.process;
      const most = [
        [/python3/, Math.ceil(siteCount * 0.6)],
        [/libz\.so|libc\.so/, Math.ceil(siteCount * 0.2)],
      ] as const;
      sites = most.flatMap(([objects, count]) => randomInstructions(pid, objects, count, random));
      insertCounting(attachment, sites, 200);
    };
    const written = await runTraced(command, folder.path, insert, (attachment) => {
      counts = countsOf(attachment, sites);
    });
    assert.deepEqual(written, expected);
    assert.ok(counts.filter((count) => count > 0).length > siteCount / 15, `${counts}`);
  });
});
