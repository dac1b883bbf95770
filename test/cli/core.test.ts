/** `outstep core`, its files read by gdb; `outstep maps` and `outstep auxv` beside /proc. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { ElfFile } from '../../src/debug-info/index.js';
import { timeFactor } from '../support/bounded.js';
import { compileFixture } from '../support/fixture.js';
import { gdbBacktraces } from '../support/gdb-backtraces.js';
import { type Orphan, startOrphan } from '../support/orphan.js';
import { eventually, mappingsOf, systemCallOf, threadsOf, tracerOf } from '../support/proc-files.js';
import { bytesAt } from '../support/raw-memory.js';
import { runCommand } from './command.js';

async function startWaiting(count = 0): Promise<Orphan & { readonly path: string }> {
  const path = await compileFixture('stacks', { flags: ['-g0', '-O2'], output: 'stacks-plain' });
  const orphan = startOrphan(path, [String(count)]);
  await eventually('all threads wait', () => {
    const calls = threadsOf(orphan.pid).map(systemCallOf);
    return calls.length === 5 + count && calls[0] !== undefined && calls.every((call) => call === calls[0]);
  });
  return Object.assign(orphan, { path });
}

/** What gdb prints for commands, on a process or a core file. */
function askGdb(target: readonly string[], commands: readonly string[]): string {
  const words = ['-batch', '-nx', '-iex', 'set debuginfod enabled off', ...target];
  return execFileSync('gdb', [...words, ...commands.flatMap((command) => ['-ex', command])], {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
}

/**
 * Of another mode, and what gdb 16 makes of aarch64's vectors: it reads behind the end of sets that are not in use, warns of
 * them, and reads no svcr.
 */
const meaningless = /^(?:k_gs_base|svcr|s?vg|fp[sc]r|[vzpdqshb]\d+|ffr|za|zt0|warning)\b/;

/** Lines about the registers of each thread, by its id. */
function registersOf(target: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const text = askGdb(target, ['thread apply all info registers', 'thread apply all info all-registers']);
  const threads = new Map<number, string[]>();
  let lines: string[] | undefined;
  for (const line of text.split('\n')) {
    const [, id] = /^Thread \d+ \(.*LWP (\d+)\b/.exec(line) ?? [];
    if (id !== undefined) {
      lines = threads.get(Number(id)) ?? [];
      threads.set(Number(id), lines);
    } else if (/^[a-z]/.test(line) && !meaningless.test(line)) lines?.push(line);
  }
  return threads;
}

describe('cli: core', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-core-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('writes what gdb finds in the process itself', async () => {
    // Each has a matrix of 64 KiB on machines with SME, which gdb spells out twice.
    const more = Math.ceil(20 / timeFactor);
    using orphan = await startWaiting(more);
    const core = join(folder, 'one');
    const alive = ['-p', String(orphan.pid)];
    const { output, errors, status } = await runCommand(['core', '-o', core, String(orphan.pid)]);
    assert.equal(status, 0, errors);
    assert.equal(output, `Saved corefile ${core}\n`);
    assert.match(
      errors,
      new RegExp(`^Process \\d+ with ${5 + more} threads was stopped for \\d+\\.\\d ms\\.$`, 'm'),
    );
    assert.equal(tracerOf(orphan.pid), 0);
    assert.deepEqual(await gdbBacktraces([orphan.path, core]), await gdbBacktraces(alive));
    const ofCore = registersOf([orphan.path, core]);
    assert.equal(ofCore.size, 5 + more);
    assert.ok([...ofCore.values()].every((lines) => lines.length > 50));
    assert.deepEqual(ofCore, registersOf(alive));
    const facts = ['info auxv'];
    assert.equal(
      askGdb([orphan.path, core], facts).match(/^\d+ +AT_.*$/gm)?.length,
      askGdb(alive, facts).match(/^\d+ +AT_.*$/gm)?.length,
    );
  });

  it('has the whole vDSO, whichever of its pages the program has been in', async () => {
    using orphan = await startWaiting();
    const core = join(folder, 'vdso');
    await runCommand(['core', '-o', core, String(orphan.pid)]);
    const bytes = new Uint8Array(readFileSync(core));
    const read = (offset: number, lengthBytes: number) => bytes.subarray(offset, offset + lengthBytes);
    const file = new ElfFile({ name: core, lengthBytes: bytes.length, read });
    const vdso = mappingsOf(orphan.pid).find(({ path }) => path === '[vdso]');
    const segment = file.segments.find(({ address }) => BigInt(address) === vdso?.start);
    assert.ok(vdso && segment);
    const { start, end } = vdso;
    assert.deepEqual(
      read(segment.offset, segment.fileBytes),
      bytesAt(orphan.pid, start, Number(end - start)),
    );
  });

  it('keeps holes for pages that were never there, and lets nobody else read', async () => {
    using orphan = await startWaiting(20);
    const core = join(folder, 'holes');
    const { output } = await runCommand(['core', '--json', '--output', core, String(orphan.pid)]);
    const { fileBytes, threads, path } = JSON.parse(output);
    assert.deepEqual([path, threads], [core, 25]);
    const { size, blocks, mode } = statSync(core);
    assert.equal(size, fileBytes);
    // Each thread has a stack of megabytes, of which it uses a few pages.
    assert.ok(size > 25 * (1 << 20), String(size));
    assert.ok(blocks * 512 < size / 4, `${blocks} blocks of ${size} bytes`);
    assert.equal(mode & 0o777, 0o600);
  });

  it('leaves nothing behind where it fails', async () => {
    const core = join(folder, 'none');
    const { status, errors } = await runCommand(['core', '-o', core, String(2 ** 22 + 1)]);
    assert.equal(status, 1);
    assert.match(errors, /No such process/);
    assert.ok(!existsSync(core));
    using orphan = await startWaiting();
    const nowhere = await runCommand(['core', '-o', join(folder, 'a/b'), String(orphan.pid)]);
    assert.match(nowhere.errors, /^Cannot write .*ENOENT/m);
  });
});

describe('cli: maps and auxv', () => {
  it('show what /proc has', async () => {
    using orphan = await startWaiting();
    const id = String(orphan.pid);
    const maps = readFileSync(`/proc/${id}/maps`, 'latin1');
    assert.equal((await runCommand(['maps', id])).output, maps);
    const { mappings } = JSON.parse((await runCommand(['maps', '--json', id])).output);
    assert.equal(mappings.length, maps.trimEnd().split('\n').length);
    assert.equal(mappings[0].name, orphan.path);
    const words = new BigUint64Array(new Uint8Array(readFileSync(`/proc/${id}/auxv`)).buffer);
    const { auxv } = JSON.parse((await runCommand(['auxv', '--json', id])).output);
    const flat = auxv.flatMap(({ type, value }: { type: number; value: string }) => [
      BigInt(type),
      BigInt(value),
    ]);
    assert.deepEqual(flat, [...words.subarray(0, flat.length)]);
    assert.equal(words[flat.length], 0n);
    assert.match((await runCommand(['auxv', id])).output, /^6 {3}AT_PAGESZ {13}0x\d+$/m);
  });

  it('say that there is no such process', async () => {
    for (const command of ['maps', 'auxv']) {
      const { status, errors } = await runCommand([command, String(2 ** 22 + 1)]);
      assert.equal(status, 1);
      assert.match(errors, /4194305/);
    }
  });
});
