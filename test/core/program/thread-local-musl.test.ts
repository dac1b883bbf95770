import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, describe, it } from 'mocha';
import { loadedObjects, type ThreadPointer, threadLocalAddress } from '../../../src/core/program/index.js';
import { compileFixture } from '../../support/fixture.js';
import { type RunningProgram, withProgram } from './running-program.js';

/** Makes gcc compile for musl; Debian's package musl-tools. */
const specs = '/usr/lib/x86_64-linux-musl/musl-gcc.specs';

async function withLibrary(test: (program: RunningProgram) => void): Promise<void> {
  const musl = `-specs=${specs}`;
  const library = await compileFixture('thread-local-library', {
    flags: [musl, '-shared', '-fPIC'],
    output: 'libthread-local-musl.so',
  });
  const compile = { flags: [musl], output: 'thread-local-musl' };
  await withProgram('thread-local', { compile, args: [library] }, test);
}

function threadOf(program: RunningProgram, name: string): ThreadPointer {
  return { value: program.value(`${name}.threadPointer`), dtvOffset: 8, variant: 2 };
}

describe('thread-local variables with musl', () => {
  before(function () {
    if (!existsSync(specs)) this.skip();
  });

  it('are found in the program and in a library that was loaded later', () =>
    withLibrary((program) => {
      const locate = (thread: string, linkMap: bigint, offset: bigint): bigint | undefined =>
        threadLocalAddress(
          program.reader,
          program.auxiliaryVector,
          threadOf(program, thread),
          linkMap,
          offset,
        );
      const { mainLinkMap } = loadedObjects(program.reader, program.auxiliaryVector);
      for (const thread of ['first', 'second']) {
        assert.equal(locate(thread, mainLinkMap, 72n), program.value(`${thread}.program`));
      }
      const library = program.value('library.linkMap');
      assert.equal(locate('first', library, 40n), program.value('first.library'));
      const second = locate('second', library, 40n);
      assert.ok(second !== undefined && second !== program.value('first.library'));
      // musl has made the other thread's block when it loaded the library, with its first value.
      assert.equal(program.reader.pointer(second), 2n);
    }));

  it('are not found in an object that has none', () =>
    withLibrary((program) => {
      const { objects } = loadedObjects(program.reader, program.auxiliaryVector);
      const loader = objects.find(
        (object) => object.name.includes('musl') && !object.name.includes('thread-local'),
      );
      assert.ok(loader !== undefined);
      const thread = threadOf(program, 'first');
      const { reader, auxiliaryVector } = program;
      assert.equal(threadLocalAddress(reader, auxiliaryVector, thread, loader.linkMap, 0n), undefined);
    }));
});
