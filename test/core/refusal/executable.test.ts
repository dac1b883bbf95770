/** Programs that cannot be executed, and why. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'mocha';
import { obstacleTo } from '../../../src/core/refusal/executable.js';
import { serverCommand } from '../../support/debug-server.js';
import { compileFixture } from '../../support/fixture.js';
import { TestProcess } from '../../support/test-process.js';

describe('core: why a program cannot be executed', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-executable-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, content: string | Uint8Array, mode = 0o755): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  }

  function reason(program: string): string | undefined {
    return obstacleTo({ program, folder, searchPath: '/nowhere:/bin' })?.reason;
  }

  it('has nothing against programs and scripts that run', () => {
    write('script', '#! /bin/sh -e\n');
    for (const program of ['/bin/true', 'true', process.execPath, './script'])
      assert.equal(reason(program), undefined);
  });

  it('names what is missing', () => {
    assert.equal(reason('./absent'), `${folder}/absent does not exist`);
    assert.equal(reason('/bin/true/x'), '/bin/true/x does not exist');
    assert.equal(reason('absent'), `there is no absent in ${folder} or in PATH (/nowhere:/bin)`);
    const script = write('for-absent', '#!/absent/interpreter -x\n');
    assert.equal(
      reason('./for-absent'),
      `${script} is a script for /absent/interpreter, which does not exist`,
    );
  });

  it('sees what is no program', () => {
    mkdirSync(join(folder, 'sub'));
    assert.equal(reason('./sub'), `${folder}/sub is a folder`);
    assert.equal(
      reason(write('text', 'true\n')),
      `${folder}/text is neither an ELF file nor a script with #!`,
    );
    const windows = write('carriage', '#!/bin/sh\r\ntrue\r\n');
    assert.deepEqual(obstacleTo({ program: windows, folder, searchPath: '' }), {
      reason: `the first line of ${windows} ends in a carriage return`,
      remedy: `sed -i 's/\\r//' ${windows}`,
    });
  });

  it('sees programs for other machines, and damaged ones', () => {
    const bytes = new Uint8Array(readFileSync('/bin/true'));
    const truncated = write('truncated', bytes.subarray(0, 70));
    assert.equal(reason(truncated), `${truncated} is a damaged ELF file`);
    // e_machine: EM_S390
    new DataView(bytes.buffer).setUint16(18, 22, true);
    assert.match(
      reason(write('foreign', bytes)) ?? '',
      /foreign is a program for another processor \(.*machine 22\), and/,
    );
  });

  it('sees that the loader is missing', async () => {
    const path = await compileFixture('exit', {
      flags: ['-Wl,--dynamic-linker=/lib/ld-absent.so.1'],
      output: 'other-library',
    });
    assert.match(
      reason(path) ?? '',
      /its loader \/lib\/ld-absent\.so\.1 is not: it was built for another C library/,
    );
    await using server = await TestProcess.start('server', [...serverCommand, 'localhost:0', path]);
    server.endInput();
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 1 });
    await server.output.match(
      /^During startup program exited with code 127\.\n.*ld-absent.*\nExiting\n$/m,
      5000,
    );
  });

  it('sees missing rights', () => {
    const path = write('plain', '#!/bin/sh\n', 0o644);
    assert.deepEqual(obstacleTo({ program: path, folder, searchPath: '' }), {
      reason: `${path} may not be executed by this user`,
      remedy: `chmod +x ${path}`,
    });
  });

  it('sees a mount without programs', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const script = 'mount -t tmpfs -o noexec none "$0" && cp /bin/true "$0" && shift 0 && exec "$@"';
    const mount = ['unshare', '--mount', 'sh', '-c', script, join(folder, 'sub')];
    const command = [...mount, ...serverCommand, 'localhost:0', join(folder, 'sub/true')];
    await using server = await TestProcess.start('server', command);
    server.endInput();
    assert.deepEqual(await server.waitForExit(), { kind: 'exited', code: 1 });
    await server.output.match(
      /^.*sub\/true lies on .*sub, which is mounted noexec\nFix: mount -o remount,exec /m,
      5000,
    );
  });
});
