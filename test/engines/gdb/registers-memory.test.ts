import assert from 'node:assert/strict';
import { asciiBytes, bytesOfHex } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { type Machine, programKinds } from '../../support/machine.js';
import { breakpointKind } from '../../support/machine-registers.js';
import { withSession } from './traced-session.js';

describe('gdb session: registers', () => {
  it('has the registers of g in p, one by one', () =>
    withSession('stepping', {}, async ({ client, server }) => {
      const [traced] = server.tracer.processes.values();
      const [thread] = traced?.threads.values() ?? [];
      assert.ok(thread);
      // Where widths may change they are those that the client was told of.
      assert.match(await client.request('qXfer:features:read:target.xml:0,ffff'), /^[lm]/);
      const file = thread.fittedRegisters();
      const all = await client.request('g');
      const single: string[] = [];
      for (const register of file.registers) {
        const value = await client.request(`p${register.number.toString(16)}`);
        assert.equal(value.length, register.bits / 4, register.name);
        single.push(value);
      }
      assert.equal(single.slice(0, file.bulkCount).join(''), all);
    }));

  const lengths: Readonly<Record<Machine, number>> = {
    x86_64: 16 * 8 + 8 + 7 * 4 + 8 * 10 + 8 * 4 + 16 * 16 + 4 + 3 * 8,
    i386: 16 * 4 + 8 * 10 + 8 * 4 + 8 * 16 + 4 + 4,
    aarch64: 33 * 8 + 4 + 32 * 16 + 2 * 4,
  };
  for (const machine of programKinds) {
    it(`g of ${machine} is as long as a client expects that reads no target description`, () =>
      withSession('stepping', { tokens: 'multiprocess+;swbreak+', machine }, async ({ client }) => {
        const all = await client.request('g');
        assert.equal(all.length, 2 * lengths[machine]);
        assert.equal(await client.request(`G${all}`), 'OK');
      }));
  }

  it('writes with P and G, and G leaves alone what is marked x or missing', () =>
    withSession('stepping', {}, async ({ client }) => {
      const all = await client.request('g');
      assert.equal(await client.request('P0=1122334455667788'), 'OK');
      assert.equal(await client.request('p0'), '1122334455667788');
      assert.equal(await client.request(`G${'x'.repeat(16)}8877665544332211`), 'OK');
      assert.equal(await client.request('p0'), '1122334455667788');
      assert.equal(await client.request('p1'), '8877665544332211');
      assert.equal(await client.request(`G${all}`), 'OK');
      assert.equal(await client.request('g'), all);
    }));
});

describe('gdb session: memory', () => {
  it('is read and written in large pieces, whatever its protection, with breakpoints in it', () =>
    withSession('large-memory', {}, async ({ client, symbol }) => {
      assert.equal(await client.request(`Z0,${symbol('ready')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      const area = symbol('area');
      const expected = Uint8Array.from({ length: 0x8000 }, (_, index) => index % 251);
      assert.deepEqual(asciiBytes((await client.request(`x${area},8000`)).slice(1)), expected);
      assert.deepEqual(bytesOfHex(await client.request(`m${area},8000`)), expected);
      const reversed = expected.toReversed();
      assert.equal(
        await client.request(new Uint8Array([...asciiBytes(`X${area},8000:`), ...reversed])),
        'OK',
      );
      assert.deepEqual(asciiBytes((await client.request(`x${area},8000`)).slice(1)), reversed);
      // A page without any access in the middle, and one that is read-only.
      const fence = symbol('fence');
      const whole = new Uint8Array(0x8000).fill(0x24);
      assert.equal(await client.request(new Uint8Array([...asciiBytes(`X${fence},8000:`), ...whole])), 'OK');
      assert.deepEqual(bytesOfHex(await client.request(`m${fence},8000`)), whole);
      // Text: read-only, and with a trap in it.
      const text = BigInt(`0x${symbol('ready')}`) & ~0xfffn;
      const before = await client.request(`m${text.toString(16)},1000`);
      assert.equal(await client.request(`z0,${symbol('ready')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`m${text.toString(16)},1000`), before);
    }));

  it('is read by m and x, written by M and X', () =>
    withSession('watch', {}, async ({ client, symbol }) => {
      const at = symbol('bytes');
      assert.equal(await client.request(`M${at},4:23242a7d`), 'OK');
      assert.equal(await client.request(`m${at},5`), '23242a7d00');
      assert.equal(await client.request(`x${at},5`), 'b#$*}\0');
      assert.equal(await client.request(asciiBytes(`X${at},4:}*$#`)), 'OK');
      assert.equal(await client.request(`m${at},4`), '7d2a2423');
      assert.equal(await client.request('X0,0:'), 'OK', 'the probe');
      assert.equal(await client.request('x0,0'), 'b');
      assert.equal(await client.request('m0,0'), '');
    }));

  it('shows the original bytes under a breakpoint, and keeps what is written there', () =>
    withSession('stepping', {}, async ({ client, symbol }) => {
      const at = symbol('twice');
      const before = await client.request(`m${at},4`);
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`m${at},4`), before);
      assert.equal(await client.request(`M${at},1:90`), 'OK');
      assert.equal(await client.request(`m${at},1`), '90');
      assert.match(await client.request('vCont;c'), /^T05.*swbreak/);
    }));

  it('ends where readable memory ends', () =>
    withSession('stepping', {}, async ({ client, register }) => {
      const stack = await register('sp');
      const long = await client.request(`m${stack.toString(16)},100000`);
      assert.match(long, /^([0-9a-f]{2})+$/);
      assert.ok(long.length < 0x200000, 'the stack is not that long');
      assert.match(await client.request('m0,10'), /^E0e$/);
      assert.match(await client.request('x0,10'), /^E0e$/);
      assert.match(await client.request('M0,1:00'), /^E/);
    }));

  it('beyond the last address there is none', () =>
    withSession('stepping', {}, async ({ client }) => {
      assert.match(await client.request('mffffffffffffffff,10'), /^E/);
      assert.match(await client.request('mfffffffffffffff0,ffffffff'), /^E/);
      assert.match(await client.request('Mffffffffffffffff,2:0000'), /^E/);
      assert.match(await client.request('?'), /^T05/);
    }));
});
