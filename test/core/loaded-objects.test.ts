/** Lists of loaded objects that are kept, against lists that are read anew: in the middle of a loader's work as well. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Process } from '../../src/core/index.js';
import { type LoadedObjects, loadedObjects, ProgramReader, ReadAhead } from '../../src/core/program/index.js';
import { compileFixture } from '../support/fixture.js';
import { describeOn } from '../support/machine.js';
import { continueAll, launchFixture } from './traced-program.js';

const mask = ['system-call-entry', 'system-call-return', 'step-done', 'exit'] as const;
/** From one end of a system call on, before the next one is waited for. */
const stepsToLookAt = 12;

const muslSpecs = '-specs=/usr/lib/x86_64-linux-musl/musl-gcc.specs';

function readAnew({ memory, arch, program }: Process): LoadedObjects {
  return loadedObjects(
    new ProgramReader(new ReadAhead(memory), arch.pointerBytes),
    program.auxiliaryVector(),
  );
}

interface Seen {
  /** How often the list was another one than just before. */
  changes: number;
  /** How often it was the very same object. */
  kept: number;
}

async function lookAllAlong(
  name: string,
  args: readonly string[],
  compile: { readonly flags: readonly string[]; readonly output: string },
): Promise<Seen> {
  const holdAt = mask.filter((kind) => kind !== 'exit');
  await using program = await launchFixture(name, args, {
    ...compile,
    flags: [...compile.flags],
    holdAt,
    mask,
  });
  const { attachment, engine } = program;
  const { process } = attachment;
  attachment.setCaughtSystemCalls('all');
  const seen: Seen = { changes: 0, kept: 0 };
  let before: LoadedObjects | undefined;
  const look = (): void => {
    const now = process.program.loadedObjects();
    assert.deepEqual(now, readAnew(process));
    if (now === before) seen.kept += 1;
    else seen.changes += 1;
    assert.equal(process.program.loadedObjects(), now, 'nothing has run');
    before = now;
  };
  look();
  for (let stepsDone = 0; ; stepsDone++) {
    // Some steps from each end of a call on, then to the next one.
    const [thread] = [...process.threads.values()];
    assert.ok(thread);
    attachment.resume([{ thread, action: { kind: stepsDone % stepsToLookAt === 0 ? 'continue' : 'step' } }]);
    const event = await engine.next(...mask);
    if (event.kind === 'exit') {
      assert.deepEqual(event.status, { kind: 'exited', code: 0 });
      return seen;
    }
    look();
  }
}

async function libraries(flags: readonly string[], suffix: string): Promise<readonly [string, string]> {
  const shared = ['-shared', '-fPIC', ...flags];
  return [
    await compileFixture('opened-library', { flags: shared, output: `a-${suffix}.so` }),
    await compileFixture('opened-library', { flags: shared, output: `b-${suffix}.so` }),
  ];
}

describe('lists of loaded objects', () => {
  it('are right at every moment of opening and closing, and kept where nothing changed', async () => {
    const paths = await libraries([], 'glibc');
    const output = 'changing-libraries';
    const seen = await lookAllAlong('changing-libraries', paths, { flags: ['-ldl'], output });
    assert.ok(seen.changes > 10 && seen.kept > 3 * seen.changes, JSON.stringify(seen));
  });

  it('are those of the new program after an exec', async () => {
    await using program = await launchFixture('families', ['exec'], { holdAt: ['exec'] });
    const { process } = program.attachment;
    continueAll(program.attachment);
    await program.engine.next('exec');
    assert.deepEqual(process.program.loadedObjects(), readAnew(process));
    assert.equal(process.program.loadedObjects().mainLinkMap, 0n);
  });
});

describeOn('x86_64', 'lists of loaded objects with musl', () => {
  it('are right', async () => {
    const paths = await libraries([muslSpecs], 'musl');
    const output = 'changing-libraries-musl';
    const seen = await lookAllAlong('changing-libraries', paths, { flags: [muslSpecs], output });
    assert.ok(seen.changes >= 3 && seen.kept > 3 * seen.changes, JSON.stringify(seen));
  });
});
