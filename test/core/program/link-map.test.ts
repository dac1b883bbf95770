import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { loadedObjects, lookUpSymbol } from '../../../src/core/program/index.js';
import { compileFixture } from '../../support/fixture.js';
import { thisMachine } from '../../support/machine.js';
import { type RunningProgram, withProgram } from './running-program.js';

/** vdso(7). */
const vdsoFunction = { x86_64: '__vdso_gettimeofday', aarch64: '__kernel_gettimeofday', i386: '' }[
  thisMachine
];

async function withLibrary(test: (program: RunningProgram, library: string) => void): Promise<void> {
  const library = await compileFixture('thread-local-library', {
    flags: ['-shared', '-fPIC'],
    output: 'libthread-local.so',
  });
  await withProgram('thread-local', { args: [library] }, (program) => test(program, library));
}

describe('link maps', () => {
  it('lists every object of every namespace but the executable', () =>
    withLibrary((program, library) => {
      const { mainLinkMap, objects } = loadedObjects(program.reader, program.auxiliaryVector);
      assert.equal(mainLinkMap, program.value('program.linkMap'));
      const copies = objects.filter((object) => object.name === library);
      assert.deepEqual(
        copies.map((object) => object.linkMap),
        [program.value('library.linkMap'), program.value('copy.linkMap')],
      );
      assert.equal(new Set(copies.map((object) => object.namespaceId)).size, 2);
      const listed = Array.from({ length: Number(program.value('listed')) }, (_, index) =>
        program.value(`listed.${index}`),
      );
      assert.deepEqual(
        objects.map((object) => object.linkMap),
        listed.filter((linkMap) => linkMap !== mainLinkMap),
      );
      assert.ok(objects.some((object) => object.name.includes('/ld-linux-')));
    }));

  it('lists from an entry on, if it follows the one that is named', () =>
    withLibrary((program) => {
      const { objects } = loadedObjects(program.reader, program.auxiliaryVector);
      const [first, second, third] = objects;
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      const tail = loadedObjects(program.reader, program.auxiliaryVector, {
        start: second.linkMap,
        prev: first.linkMap,
        lmid: 0x77n,
      });
      assert.equal(tail.mainLinkMap, 0n);
      assert.equal(tail.objects[0]?.linkMap, second.linkMap);
      assert.equal(tail.objects[0]?.namespaceId, 0x77n);
      const wrong = loadedObjects(program.reader, program.auxiliaryVector, {
        start: third.linkMap,
        prev: first.linkMap,
      });
      assert.deepEqual(wrong.objects, []);
    }));

  it('does not know the objects of a static program', () =>
    withProgram(
      'thread-local',
      { compile: { flags: ['-static', '-DSTATIC_PROGRAM'], output: 'thread-local-static' } },
      (program) => {
        assert.throws(() => loadedObjects(program.reader, program.auxiliaryVector), {
          code: 'OUTSTEP_UNSUPPORTED',
        });
      },
    ));

  it('finds an exported symbol by either hash table, and none that is missing or undefined', () =>
    withLibrary((program, library) => {
      const { objects } = loadedObjects(program.reader, program.auxiliaryVector);
      const vdso = objects.find((object) => object.name.startsWith('linux-vdso'));
      const loaded = objects.find((object) => object.name === library);
      assert.ok(vdso !== undefined && loaded !== undefined);
      const symbol = lookUpSymbol(program.reader, loaded, 'library_value');
      assert.ok(symbol !== undefined && symbol > loaded.loadBias && symbol < loaded.dynamic);
      assert.ok((lookUpSymbol(program.reader, vdso, vdsoFunction) ?? 0n) > vdso.loadBias);
      assert.equal(lookUpSymbol(program.reader, loaded, '__tls_get_addr'), undefined);
      assert.equal(lookUpSymbol(program.reader, loaded, 'no_such_symbol'), undefined);
    }));

  it('finds an exported symbol where the linker wrote the old hash table', async () => {
    const library = await compileFixture('thread-local-library', {
      flags: ['-shared', '-fPIC', '-Wl,--hash-style=sysv'],
      output: 'libthread-local-old.so',
    });
    await withProgram('thread-local', { args: [library] }, (program) => {
      const { objects } = loadedObjects(program.reader, program.auxiliaryVector);
      const loaded = objects.find((object) => object.name === library);
      assert.ok(loaded !== undefined);
      assert.ok((lookUpSymbol(program.reader, loaded, 'library_value') ?? 0n) > loaded.loadBias);
      assert.equal(lookUpSymbol(program.reader, loaded, 'no_such_symbol'), undefined);
    });
  });
});
