/** Every set of registers that the kernel has, beside a program in C that reads them by itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'mocha';
import { tid } from '../../src/base/ids.js';
import { Tracer } from '../../src/core/index.js';
import { compileFixture } from '../support/fixture.js';
import { programKinds, thisMachine } from '../support/machine.js';
import { startOrphan } from '../support/orphan.js';
import { eventually, processState, threadsOf } from '../support/proc-files.js';
import { RecordingEngine } from './traced-program.js';

const count = 3;
const lastType = 0x4ff;
/** NT_PRXFPREG. */
const namedType = 0x46e62b7f;
/** NT_PRSTATUS. */
const generalType = 1;

/** By thread and note type, in hex. */
function readByOther(reader: string, tids: readonly number[]): Map<string, string> {
  const output = execFileSync(reader, tids.map(String), { encoding: 'latin1', maxBuffer: 1 << 26 });
  return new Map(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([id, type, bytes = '']) => [`${id} ${Number(type)}`, bytes]),
  );
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe('sets of registers', () => {
  for (const machine of programKinds) {
    it(`of ${machine} programs are those that the kernel has, and no others`, async () => {
      const reader = await compileFixture('regset-reader', { machine: thisMachine });
      using program = startOrphan(await compileFixture('regset-threads', { machine }), [String(count)]);
      await eventually('it stands still', () => {
        const tids = threadsOf(program.pid);
        return tids.length === count + 1 && processState(program.pid) === 'T';
      });
      const tids = threadsOf(program.pid);
      const theirs = readByOther(reader, tids);
      assert.ok(theirs.has(`${program.pid} ${generalType}`));
      using tracer = new Tracer();
      const { process } = await tracer.attach(program.pid, new RecordingEngine());
      const ours = new Map<string, string>();
      for (const id of tids) {
        const thread = process.threads.get(tid(id));
        assert.ok(thread);
        for (const type of [...Array(lastType + 1).keys(), namedType]) {
          const bytes = thread.readNote(type);
          if (bytes !== undefined) ours.set(`${id} ${type}`, hexOf(bytes));
        }
        for (const { name, noteType } of process.registerFile.regsets) {
          const bytes = thread.readRegset(name);
          const other = theirs.get(`${id} ${noteType}`);
          // The kernel says how long a set may be, and the reader has more room than a row.
          const isSame = bytes === undefined ? other === undefined : other?.startsWith(hexOf(bytes));
          assert.ok(isSame, `${name} of thread ${id}: ${bytes && hexOf(bytes)} is not ${other}`);
        }
      }
      assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort());
      for (const [key, bytes] of theirs) assert.ok(ours.get(key) === bytes, `thread and type ${key}`);
      // Each thread has values of its own in them.
      const floating = process.registerFile.regsets
        .filter(({ name }) => name !== 'general')
        .map(({ noteType }) => noteType);
      assert.ok(
        floating.some((type) => new Set(tids.map((id) => ours.get(`${id} ${type}`))).size === count + 1),
      );
    });
  }
});
