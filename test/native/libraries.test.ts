import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { checkAddonNeeds, checkSentinelNeeds, hasMusl } from '../support/addon-needs.js';
import { offeredSymbols } from '../support/dynamic-symbols.js';
import { compileFixture } from '../support/fixture.js';
import { projectRoot } from '../support/project-paths.js';

const cpu = process.arch === 'arm64' ? 'arm64' : 'x64';
const built = resolve(projectRoot, 'native/build/Release');
const addon = resolve(built, 'outstep.node');

describe('the addon', () => {
  it('needs no library, and of any C library no more than old ones have', async () => {
    assert.match(await checkAddonNeeds(addon, cpu), /^GLIBC_2\./);
  });

  it('shows nothing but what Node looks for', async () => {
    assert.deepEqual([...(await offeredSymbols(addon)).keys()].sort(), [
      'napi_register_module_v1',
      'node_api_module_get_api_version_v1',
    ]);
  });

  it('would be refused with anything more', async () => {
    await assert.rejects(checkUseOf('fstat'), /fstat is of GLIBC_2\.33/);
    await assert.rejects(checkUseOf('timer_create'), /timer_create has GLIBC_2/);
    const ofGlibc = checkUseOf('gnu_get_libc_version');
    await (hasMusl ? assert.rejects(ofGlibc, /musl has no gnu_get_libc_version/) : ofGlibc);
    await checkUseOf('mmap');
  });
});

/** Checks a shared object that uses nothing but ptrace(2) and one other function. */
async function checkUseOf(symbol: string): Promise<void> {
  const flags = ['-shared', '-fPIC', '-nodefaultlibs', `-DUSED=${symbol}`];
  await checkAddonNeeds(await compileFixture('used-function', { flags, output: `${symbol}.so` }), cpu);
}

describe('the sentinel', () => {
  it('needs no library', () => checkSentinelNeeds(resolve(built, 'outstep-sentinel')));
});
