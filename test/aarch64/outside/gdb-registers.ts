/** gdb of an x86_64 machine on the server of an aarch64 one: registers and tags. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  expectBreakpointStop,
  expectExit,
  expectFinish,
  expectSignalStop,
} from '../../support/expectations.js';
import type { Gdb } from '../../support/gdb.js';
import { debugInGuest, type GuestSessionOptions } from './guest-session.js';

/** aarch64-state.c with what it is to put into use. */
function state(...args: readonly string[]): GuestSessionOptions {
  return { compile: { flags: ['-march=armv8.5-a+sve+memtag'] }, args };
}

async function untilFunction(gdb: Gdb, name: string): Promise<void> {
  await gdb.execute(`tbreak ${name}`);
  expectBreakpointStop(await gdb.run('continue'), { function: name });
}

async function expectKept(gdb: Gdb, values: readonly (readonly [string, string])[]): Promise<void> {
  for (const [register, value] of values) {
    await gdb.execute(`set var $${register} = ${value}`);
    await gdb.execute('maintenance flush register-cache');
    assert.equal(await gdb.hex(`$${register}`), value, register);
  }
}

describe('aarch64 from outside: registers', () => {
  it('are there in every set that the CPU has', () =>
    debugInGuest('stepping', {}, async ({ gdb }) => {
      await untilFunction(gdb, 'twice');
      const all = await gdb.execute('info all-registers');
      const numbered = (prefix: string, count: number): string[] =>
        Array.from({ length: count }, (_unused, index) => `${prefix}${index}`);
      const names = [
        ...numbered('x', 31),
        ...['sp', 'pc', 'cpsr', 'fpsr', 'fpcr', 'ffr', 'vg', 'tpidr', 'tpidr2', 'tag_ctl'],
        ...['pauth_dmask', 'pauth_cmask', 'svg', 'svcr', 'za', 'zt0', 'fpmr', 'gcspr'],
        ...['q', 'z', 'v'].flatMap((prefix) => numbered(prefix, 32)),
        ...numbered('p', 16),
      ];
      const missing = names.filter((name) => !new RegExp(`^${name} `, 'm').test(all));
      assert.deepEqual(missing, []);
      assert.doesNotMatch(all, /unavailable|not available/);
    }));

  it('of every kind are read, and keep what is written', () =>
    debugInGuest('stepping', {}, async ({ gdb }) => {
      await untilFunction(gdb, 'twice');
      // A vector of the guest's own length: 64 bytes unless somebody set another.
      const lastWord = Number(await gdb.evaluate('$vg')) - 1;
      assert.ok(lastWord >= 1, `$vg is ${lastWord + 1}`);
      await expectKept(gdb, [
        ['x19', '0x123456789abcdef0'],
        ['v31.d.u[1]', '0xfedcba9876543210'],
        [`z7.d.u[${lastWord}]`, '0x77'],
        ['p3[1]', '0x5a'],
        ['fpsr', '0x8000001'],
        ['tpidr2', '0x1234'],
      ]);
      // What only the kernel decides: bits above the longest addresses, and not those of the tag.
      assert.equal(await gdb.hex('($pauth_dmask >> 52) & 0xff'), '0x7');
      expectFinish(await gdb.run('finish'), { function: 'main' }, '6');
    }));

  it('have what the program put into vectors, before and after it has chosen another length', () =>
    debugInGuest('aarch64-state', state('vectors', '64', '16'), async ({ gdb }) => {
      await untilFunction(gdb, 'stop');
      assert.equal(await gdb.evaluate('$vg'), '8');
      assert.equal(await gdb.hex('$z31.d.u[7]'), '0x1f1f1f1f1f1f1f1f');
      assert.equal(await gdb.hex('$p1[7]'), '0x55');
      assert.equal(await gdb.hex('$ffr[7]'), '0xff');
      // gdb keeps to the description that it has read; the server says what there is, and zeros behind it.
      await untilFunction(gdb, 'stop');
      assert.equal(await gdb.evaluate('$vg'), '2');
      assert.equal(await gdb.hex('$z31.d.u[1]'), '0x1f1f1f1f1f1f1f1f');
      assert.equal(await gdb.hex('$z31.d.u[2]'), '0x0');
      assert.equal(await gdb.hex('$v0.b.u[15]'), '0x1');
      expectExit(await gdb.run('continue'), 0);
    }));

  it('change the length of vectors, for the program as well', () =>
    debugInGuest('aarch64-state', state(), async ({ gdb }) => {
      await untilFunction(gdb, 'stop');
      await gdb.execute('set var $vg = 4');
      await gdb.execute('maintenance flush register-cache');
      assert.equal(await gdb.evaluate('$vg'), '4');
      // PR_SVE_GET_VL.
      assert.equal(await gdb.hex('(int)prctl(51) & 0xffff'), '0x20');
      expectExit(await gdb.run('continue'), 0);
    }));

  it('have the matrix and the mode of SME', () =>
    debugInGuest('aarch64-state', state('matrix', '32'), async ({ gdb }) => {
      await untilFunction(gdb, 'stop');
      assert.equal(await gdb.evaluate('$svg'), '4');
      assert.equal(await gdb.evaluate('$svcr'), '[ SM ZA ]');
      assert.equal(await gdb.hex('$z0.d.u[3]'), '0x707070707070707');
      assert.equal(await gdb.hex('$za[31][31]'), '0x5');
      await untilFunction(gdb, 'stop');
      assert.equal(await gdb.evaluate('$svcr'), '[ ]');
      assert.equal(await gdb.hex('$za[31][31]'), '0x0');
      expectExit(await gdb.run('continue'), 0);
    }));
});

describe('aarch64 from outside: tags of memory', () => {
  it('are printed, checked and set', () =>
    debugInGuest('aarch64-state', state('tags'), async ({ gdb }) => {
      await untilFunction(gdb, 'stop');
      const tags = (command: string): Promise<string> => gdb.execute(`memory-tag ${command}`);
      assert.match(await tags('print-logical-tag tagged'), /= 0x9$/m);
      assert.match(await tags('print-allocation-tag tagged'), /= 0x9$/m);
      assert.match(await tags('print-allocation-tag tagged + 2'), /= 0x3$/m);
      assert.match(await tags('check tagged'), /^Memory tags for address 0x9.* match \(0x9\)/);
      assert.match(
        await tags('check tagged + 2'),
        /Logical tag \(0x9\) does not match the allocation tag \(0x3\)/,
      );
      await assert.rejects(tags('check &watched'), /not in a region mapped with a memory tagging flag/);
      await tags('set-allocation-tag tagged 64 0405');
      for (const [at, tag] of ['0x4', '0x5', '0x4', '0x5'].entries())
        assert.match(await tags(`print-allocation-tag tagged + ${2 * at}`), new RegExp(`= ${tag}$`, 'm'));
      assert.match(await gdb.execute('x/2xgm tagged'), /Allocation Tag 0x4 for range/);
    }));

  it('of another value make the program fault, and gdb says how', () =>
    debugInGuest('aarch64-state', state('tags'), async ({ gdb, line }) => {
      await untilFunction(gdb, 'stop');
      await gdb.execute('memory-tag set-allocation-tag tagged 16 06');
      expectSignalStop(await gdb.run('continue'), 'SIGSEGV', { line: line('tagged-read') });
      await gdb.waitForOutput(
        /Memory tag violation while accessing address 0x09[\s\S]*Allocation tag 0x6[\s\S]*Logical tag 0x9/,
      );
      await gdb.execute('memory-tag set-allocation-tag tagged 16 09');
      expectExit(await gdb.run('signal 0'), 0);
    }));
});
