import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit, expectStepStop } from '../support/expectations.js';
import { compileFixture, lineOf } from '../support/fixture.js';

const compileLibrary = (): Promise<string> =>
  compileFixture('opened-library', { flags: ['-shared', '-fPIC'], output: 'opened-library.so' });

describe('gdb: libraries opened at run time', () => {
  it('a pending breakpoint is set when the library comes, and again when it comes back', async () => {
    const library = await compileLibrary();
    await debugFixture('open-library', { args: [library] }, async ({ gdb }) => {
      assert.match(await gdb.execute('break library_function'), /pending/);
      const line = lineOf('opened-library', 'in-library');
      expectBreakpointStop(await gdb.run('continue'), { function: 'library_function', line });
      assert.match(await gdb.execute('backtrace'), /library_function.*open_and_call.*main/s);
      assert.match(
        await gdb.execute('info sharedlibrary'),
        /0x[0-9a-f]+ +0x[0-9a-f]+ +Yes +.*opened-library\.so/,
      );
      expectBreakpointStop(await gdb.run('continue'), { function: 'library_function', line });
      assert.equal(await gdb.evaluate('value'), '2');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('info sharedlibrary no longer lists a closed library', async () => {
    const library = await compileLibrary();
    await debugFixture('open-library', { args: [library] }, async ({ gdb, at }) => {
      await gdb.execute(`break ${at('again')}`);
      await gdb.run('continue');
      const listing = await gdb.execute('info sharedlibrary');
      assert.match(listing, /libc\.so\.6/);
      assert.doesNotMatch(listing, /opened-library/);
    });
  });

  it('catch load and stop-on-solib-events stop for it', async () => {
    const library = await compileLibrary();
    await debugFixture('open-library', { args: [library] }, async ({ gdb, line, at }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      await gdb.execute('catch load opened-library');
      await gdb.execute('catch unload opened-library');
      assert.equal((await gdb.run('continue')).reason, 'solib-event');
      assert.match(gdb.process.output.text, /Inferior loaded .*opened-library\.so/);
      assert.equal((await gdb.run('continue')).reason, 'solib-event');
      assert.match(gdb.process.output.text, /Inferior unloaded .*opened-library\.so/);
      await gdb.execute('delete');
      await gdb.execute(`tbreak ${at('again')}`);
      expectBreakpointStop(await gdb.run('continue'), { line: line('again') });
    });
  });

  it('step goes into a function of the library', async () => {
    const library = await compileLibrary();
    await debugFixture('open-library', { args: [library] }, async ({ gdb, at }) => {
      await gdb.execute(`break ${at('call')}`);
      await gdb.run('continue');
      expectStepStop(await gdb.run('step'), { function: 'library_function' });
    });
  });
});
