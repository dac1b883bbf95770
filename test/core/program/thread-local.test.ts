import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { loadedObjects, type ThreadPointer, threadLocalAddress } from '../../../src/core/program/index.js';
import { compileFixture } from '../../support/fixture.js';
import { thisMachine } from '../../support/machine.js';
import { thisModule } from '../../support/machine-registers.js';
import { type RunningProgram, withProgram } from './running-program.js';

/** Offsets of `value` in the blocks of the fixtures. */
const programOffset = 72n;
const libraryOffset = 40n;

function threadOf(program: RunningProgram, name: string): ThreadPointer {
  return { ...thisModule.threadLocal, value: program.value(`${name}.threadPointer`) };
}

function locate(
  program: RunningProgram,
  thread: string,
  linkMap: bigint,
  offset: bigint,
): bigint | undefined {
  return threadLocalAddress(
    program.reader,
    program.auxiliaryVector,
    threadOf(program, thread),
    linkMap,
    offset,
  );
}

/** With descriptors, aarch64's own way, a library's variables come into the static area where there is room. */
const calledForBlocks = thisMachine === 'aarch64' ? ['-mtls-dialect=trad'] : [];

async function withLibrary(test: (program: RunningProgram) => void): Promise<void> {
  const library = await compileFixture('thread-local-library', {
    flags: ['-shared', '-fPIC', ...calledForBlocks],
    output: 'libthread-local.so',
  });
  await withProgram('thread-local', { args: [library] }, test);
}

const staticProgram = { compile: { flags: ['-static', '-DSTATIC_PROGRAM'], output: 'thread-local-static' } };

describe('thread-local variables', () => {
  it("finds the program's own in every thread", () =>
    withLibrary((program) => {
      for (const thread of ['first', 'second']) {
        const expected = program.value(`${thread}.program`);
        assert.equal(locate(program, thread, program.value('program.linkMap'), programOffset), expected);
        assert.equal(locate(program, thread, 0n, programOffset), expected);
      }
    }));

  it('finds those of a library that was loaded later, also in another namespace', () =>
    withLibrary((program) => {
      for (const name of ['library', 'copy']) {
        const found = locate(program, 'first', program.value(`${name}.linkMap`), libraryOffset);
        assert.equal(found, program.value(`first.${name}`));
      }
    }));

  it('says that a thread which never used the library has no block yet', () =>
    withLibrary((program) => {
      assert.equal(locate(program, 'second', program.value('library.linkMap'), libraryOffset), undefined);
    }));

  it('finds the block of such a thread where the library lies in the static area', async () => {
    const library = await compileFixture('thread-local-library', {
      flags: ['-shared', '-fPIC', '-ftls-model=initial-exec'],
      output: 'libthread-local-static.so',
    });
    await withProgram('thread-local', { args: [library] }, (program) => {
      const linkMap = program.value('library.linkMap');
      assert.equal(locate(program, 'first', linkMap, libraryOffset), program.value('first.library'));
      const second = locate(program, 'second', linkMap, libraryOffset);
      assert.ok(second !== undefined && second !== program.value('first.library'));
      assert.equal(program.reader.pointer(second), 2n);
    });
  });

  it('finds nothing for an object without such variables', () =>
    withLibrary((program) => {
      const { objects } = loadedObjects(program.reader, program.auxiliaryVector);
      const vdso = objects.find((object) => object.name.startsWith('linux-vdso'));
      assert.ok(vdso !== undefined);
      assert.equal(locate(program, 'first', vdso.linkMap, 0n), undefined);
    }));

  it('finds those of a static program', () =>
    withProgram('thread-local', staticProgram, (program) => {
      for (const thread of ['first', 'second']) {
        assert.equal(locate(program, thread, 0n, programOffset), program.value(`${thread}.program`));
      }
    }));

  it('knows nothing of a thread that has no thread pointer yet', () =>
    withProgram('thread-local', staticProgram, (program) => {
      const thread = { ...thisModule.threadLocal, value: 0n };
      const found = threadLocalAddress(program.reader, program.auxiliaryVector, thread, 0n, 0n);
      assert.equal(found, undefined);
    }));

  it('refuses a link map that is none', () =>
    withLibrary((program) => {
      assert.throws(() => locate(program, 'first', 0x10n, 0n), { code: 'OUTSTEP_MEMORY' });
    }));
});
