import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { disassemble } from '../../src/cli/disassemble.js';

const prologue = Uint8Array.of(0x55, 0x48, 0x89, 0xe5, 0xc3, 0x0f, 0x0b);

describe('cli: disassembly', () => {
  it('gives addresses, bytes and texts', async () => {
    assert.deepEqual(await disassemble(prologue, 0x1000n, 2), [
      { address: 0x1000n, bytes: Uint8Array.of(0x55), text: 'push rbp' },
      { address: 0x1001n, bytes: Uint8Array.of(0x48, 0x89, 0xe5), text: 'mov rbp, rsp' },
    ]);
  });

  it('keeps all bits of high addresses', async () => {
    const found = await disassemble(prologue, 0xffff_ffff_ff60_0001n, 3);
    assert.deepEqual(
      found.map(({ address }) => address),
      [0xffff_ffff_ff60_0001n, 0xffff_ffff_ff60_0002n, 0xffff_ffff_ff60_0005n],
    );
    assert.equal(found.at(-1)?.text, 'ret');
  });

  it('ends where the bytes make no instruction', async () => {
    assert.deepEqual(await disassemble(Uint8Array.of(0x90, 0x06), 0n, 9), [
      { address: 0n, bytes: Uint8Array.of(0x90), text: 'nop' },
    ]);
  });
});
