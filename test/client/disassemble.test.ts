import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { disassemble } from '../../src/client/disassemble.js';

const prologue = Uint8Array.of(0x55, 0x48, 0x89, 0xe5, 0xc3, 0x0f, 0x0b);

describe('client: disassembly', () => {
  it('gives addresses, bytes and texts', async () => {
    assert.deepEqual(await disassemble(prologue, 0x1000n, 2, 'i386:x86-64'), [
      { address: 0x1000n, bytes: Uint8Array.of(0x55), text: 'push rbp' },
      { address: 0x1001n, bytes: Uint8Array.of(0x48, 0x89, 0xe5), text: 'mov rbp, rsp' },
    ]);
  });

  it('keeps all bits of high addresses', async () => {
    const found = await disassemble(prologue, 0xffff_ffff_ff60_0001n, 3, 'i386:x86-64');
    assert.deepEqual(
      found.map(({ address }) => address),
      [0xffff_ffff_ff60_0001n, 0xffff_ffff_ff60_0002n, 0xffff_ffff_ff60_0005n],
    );
    assert.equal(found.at(-1)?.text, 'ret');
  });

  it('ends where the bytes make no instruction', async () => {
    assert.deepEqual(await disassemble(Uint8Array.of(0x90, 0x06), 0n, 9, 'i386:x86-64'), [
      { address: 0n, bytes: Uint8Array.of(0x90), text: 'nop' },
    ]);
  });

  it('knows the machines by the names of target descriptions', async () => {
    const texts = async (bytes: readonly number[], architecture: string) =>
      (await disassemble(Uint8Array.from(bytes), 0n, 1, architecture)).map(({ text }) => text);
    assert.deepEqual(await texts([0x48], 'i386'), ['dec eax']);
    assert.deepEqual(await texts([0x48, 0x90], 'x86_64'), ['nop']);
    assert.deepEqual(await texts([0xc0, 0x03, 0x5f, 0xd6], 'aarch64'), ['ret']);
    assert.deepEqual(await texts([0x1e, 0xff, 0x2f, 0xe1], 'armv7'), ['bx lr']);
    await assert.rejects(disassemble(prologue, 0n, 1, 'vax'), { code: 'RSP_UNSUPPORTED' });
  });
});
