/** 32-bit programs of aarch64: the kernel runs them, and nobody debugs them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, it } from 'mocha';
import { Tracer } from '../../src/core/index.js';
import { describeOn } from '../support/machine.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, processState, tracerOf } from '../support/proc-files.js';
import { launchOptions, RecordingEngine } from './traced-program.js';

const base = 0x10000;
const headerBytes = 52 + 32;
/** `b .` of A32. */
const loop = 0xeaff_fffe;

/** An ELF executable for EM_ARM that runs in a circle: its header, one segment, one instruction (elf(5)). */
function endlessProgram(): Uint8Array {
  const file = new DataView(new ArrayBuffer(headerBytes + 4));
  const halves = [2, 40];
  const words = [1, base + headerBytes, 52, 0, 0x0500_0000];
  const sizes = [52, 32, 1, 0, 0, 0];
  const segment = [1, 0, base, base, headerBytes + 4, headerBytes + 4, 5, 0x1000];
  for (const [index, byte] of [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1].entries()) file.setUint8(index, byte);
  for (const [index, half] of halves.entries()) file.setUint16(16 + 2 * index, half, true);
  for (const [index, word] of words.entries()) file.setUint32(20 + 4 * index, word, true);
  for (const [index, half] of sizes.entries()) file.setUint16(40 + 2 * index, half, true);
  for (const [index, word] of segment.entries()) file.setUint32(52 + 4 * index, word, true);
  file.setUint32(headerBytes, loop, true);
  return new Uint8Array(file.buffer);
}

describeOn('aarch64', 'a 32-bit program', () => {
  const refusal = /only programs of these architectures .*aarch64/;
  let folder: string;
  let path: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-'));
    path = join(folder, 'endless');
    writeFileSync(path, endlessProgram(), { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true }));

  it('that is to be started is refused in words, and does not stay', async () => {
    using tracer = new Tracer();
    await assert.rejects(tracer.launch(launchOptions(path, []), new RecordingEngine()), refusal);
    await eventually('nothing is left', () => tracer.native.tableSizes().threads === 0);
  });

  it('that runs is refused in words, and runs on', async () => {
    using orphan = startOrphan(path, []);
    await eventually('it runs', () => processState(orphan.pid) === 'R');
    using tracer = new Tracer();
    await assert.rejects(tracer.attach(orphan.pid, new RecordingEngine()), refusal);
    await eventually('it is let go', () => tracerOf(orphan.pid) === 0);
    assert.equal(processState(orphan.pid), 'R');
    process.kill(orphan.pid, 'SIGKILL');
  });
});
