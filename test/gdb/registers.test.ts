import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { skipOnGnuServer } from '../support/debug-server.js';
import { debugFixture, type Session } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';
import type { Gdb } from '../support/gdb.js';
import { itOnCpuWith } from '../support/machine.js';

const encodingOrder = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
// No values of these are known beforehand, and a wrong one breaks the program.
const stackPointers = new Set(['rsp']);

async function stopAt(gdb: Gdb, label: string): Promise<void> {
  await gdb.execute(`tbreak *&${label}`);
  expectBreakpointStop(await gdb.run('continue'));
  assert.equal(await gdb.evaluate(`$pc == &${label}`), '1');
}

/** Bytes of a row of `vector_in`, as the program fills it. */
function row(index: number, lengthBytes: number): string {
  return bytes(Array.from({ length: lengthBytes }, (_unused, at) => (index * 3 + at) & 0xff));
}

function bytes(values: readonly number[]): string {
  return `{${values.map((value) => `0x${value.toString(16)}`).join(', ')}}`;
}

/** Reads vector registers against the program's memory, writes them, and sees the program store what was written. */
async function exchangeVectors(
  gdb: Gdb,
  prefix: string,
  numbers: readonly number[],
  lengthBytes: number,
): Promise<void> {
  await gdb.execute('set print elements 0');
  await gdb.execute('set print repeats unlimited');
  const view = `v${lengthBytes}_int8`;
  for (const number of numbers) {
    assert.equal(
      await gdb.hex(`$${prefix}${number}.${view}`),
      row(number, lengthBytes),
      `${prefix}${number}`,
    );
  }
  for (const number of numbers) {
    for (const at of [0, 7, lengthBytes / 2, lengthBytes - 1]) {
      await gdb.execute(`set var $${prefix}${number}.${view}[${at}] = ${(number + at) & 0x7f}`);
    }
  }
}

async function expectStored(gdb: Gdb, numbers: readonly number[], lengthBytes: number): Promise<void> {
  for (const number of numbers) {
    const expected = Array.from({ length: lengthBytes }, (_unused, at) => (number * 3 + at) & 0xff);
    for (const at of [0, 7, lengthBytes / 2, lengthBytes - 1]) expected[at] = (number + at) & 0x7f;
    const stored = await gdb.hex(`*(unsigned char (*)[${lengthBytes}])vector_out[${number}]`);
    assert.equal(stored, bytes(expected), `register ${number}`);
  }
}

async function untilReady({ gdb, at }: Session): Promise<void> {
  await gdb.execute(`tbreak ${at('ready')}`);
  await gdb.run('continue');
}

describe('gdb: registers', () => {
  it('general registers are read, and what is written reaches the program', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await stopAt(gdb, 'general_loaded');
      for (const [index, name] of encodingOrder.entries()) {
        if (stackPointers.has(name)) continue;
        const expected = `0x111111111111000${index.toString(16)}`;
        assert.equal(await gdb.hex(`$${name}`), expected, name);
        await gdb.execute(`set var $${name} = 0x2222222200000000 + ${index}`);
      }
      await stopAt(gdb, 'general_stored');
      for (const [index, name] of encodingOrder.entries()) {
        if (stackPointers.has(name)) continue;
        const expected = `0x222222220000000${index.toString(16)}`;
        assert.equal(await gdb.hex(`general_out[${index}]`), expected, name);
      }
      await gdb.execute('delete');
      assert.equal((await gdb.run('continue')).reason, 'exited-normally');
    });
  });

  it('parts of registers: eax, ax, al', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await stopAt(gdb, 'general_loaded');
      assert.equal(await gdb.hex('$eax'), '0x11110000');
      await gdb.execute('set var $al = 0x7f');
      await gdb.execute('set var $r8w = 0x4444');
      assert.equal(await gdb.hex('$rax'), '0x111111111111007f');
      assert.equal(await gdb.hex('$r8'), '0x1111111111114444');
    });
  });

  it('eflags, segments, fs_base, gs_base, orig_rax', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await stopAt(gdb, 'general_loaded');
      assert.match(await gdb.evaluate('$eflags'), /CF.*IF/);
      await gdb.execute('set var $eflags = $eflags & ~1');
      assert.doesNotMatch(await gdb.evaluate('$eflags'), /CF/);
      assert.equal(await gdb.evaluate('$cs'), '51');
      assert.equal(await gdb.evaluate('$ss'), '43');
      // The thread pointer points to itself, System V ABI for TLS.
      assert.equal(await gdb.evaluate('*(long *)$fs_base == $fs_base'), '1');
      assert.equal(await gdb.evaluate('$gs_base'), '0');
      await gdb.execute('set var $gs_base = 0x1000');
      assert.equal(await gdb.evaluate('$gs_base'), '4096');
      assert.equal(await gdb.evaluate('$orig_rax'), '-1');
    });
  });

  it('xmm, mxcsr and the x87 stack', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await stopAt(gdb, 'sse_loaded');
      assert.equal(await gdb.evaluate('$st0'), '1');
      assert.match(await gdb.evaluate('$st1'), /^3\.14159265358979323/);
      assert.match(await gdb.evaluate('$mxcsr'), /IM DM ZM OM UM PM/);
      await exchangeVectors(gdb, 'xmm', [0, 1, 15], 16);
      await gdb.execute('set var $st0 = 2.5');
      await gdb.execute('set var $mxcsr = 0x1fa0');
      await stopAt(gdb, 'sse_stored');
      await expectStored(gdb, [0, 1, 15], 16);
      assert.equal(await gdb.evaluate('x87_out[0]'), '2.5');
      assert.match(await gdb.evaluate('x87_out[1]'), /^3\.141592653589793/);
      assert.equal(await gdb.hex('mxcsr_out'), '0x1fa0');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  itOnCpuWith('avx', 'ymm', async () => {
    await debugFixture('registers', {}, async (session) => {
      const { gdb } = session;
      await untilReady(session);
      await stopAt(gdb, 'avx_loaded');
      await exchangeVectors(gdb, 'ymm', [0, 1, 15], 32);
      await stopAt(gdb, 'avx_stored');
      await expectStored(gdb, [0, 1, 15], 32);
      expectExit(await gdb.run('continue'), 0);
    });
  });

  itOnCpuWith('avx512f', 'zmm and k', async function () {
    skipOnGnuServer(this, "it assumes the offsets of Intel's XSAVE area");
    await debugFixture('registers', {}, async (session) => {
      const { gdb } = session;
      await untilReady(session);
      await stopAt(gdb, 'avx512_loaded');
      assert.equal(await gdb.hex('$k1'), '0x3333333333330001');
      await exchangeVectors(gdb, 'zmm', [0, 1, 15, 16, 31], 64);
      await gdb.execute('set var $k1 = 0x5555');
      await gdb.execute('set var $k7 = 0x7777777777777777');
      await stopAt(gdb, 'avx512_stored');
      await expectStored(gdb, [0, 1, 15, 16, 31], 64);
      assert.equal(await gdb.hex('mask_out[1]'), '0x5555');
      assert.equal(await gdb.hex('mask_out[7]'), '0x7777777777777777');
      expectExit(await gdb.run('continue'), 0);
    });
  });

  it('all registers can be listed, and the groups hold them', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await stopAt(gdb, 'general_loaded');
      const all = await gdb.execute('info all-registers');
      for (const name of [...encodingOrder, 'rip', 'eflags', 'gs', 'st7', 'fctrl', 'mxcsr']) {
        assert.match(all, new RegExp(`^${name} `, 'm'));
      }
      assert.doesNotMatch(all, /<unavailable>|<error/);
      assert.doesNotMatch(await gdb.execute('info registers general'), /^[xyz]mm0/m);
      assert.match(await gdb.execute('info registers vector'), /^[xyz]mm0/m);
      assert.match(await gdb.execute('info registers float'), /^st0/m);
      assert.match(await gdb.execute('info registers fs_base xmm15'), /^fs_base.*\nxmm15 /);
    });
  });

  it('writing the pc moves the program', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await stopAt(gdb, 'general_loaded');
      await gdb.execute('set var $pc = &general_stored');
      await gdb.execute('stepi');
      assert.equal(await gdb.evaluate('$pc == (char *)&general_stored + 1'), '1');
      assert.equal(await gdb.evaluate('general_out[0]'), '0');
    });
  });

  it('registers of an outer frame come from the stack', async () => {
    await debugFixture('registers', {}, async ({ gdb }) => {
      await gdb.execute('tbreak registers_sse');
      await gdb.run('continue');
      await gdb.execute('up');
      assert.match(await gdb.execute('info registers rip'), /main\+\d+/);
      assert.match(await gdb.execute('info frame'), /caller of frame|Saved registers/);
    });
  });
});
