import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { RegisterType } from '../../src/client/registers/register-type.js';
import { bigintOf, bytesOf, typedValue } from '../../src/client/registers/register-value.js';
import { readTargetDescription } from '../../src/client/registers/target-description.js';

function float(format: Extract<RegisterType, { kind: 'float' }>['format'], bits: bigint, sizeBytes: number) {
  return typedValue(bytesOf(bits, sizeBytes), { kind: 'float', format }, 'little');
}

describe('client: values of registers', () => {
  it('are bytes in either order', () => {
    assert.equal(bigintOf(Uint8Array.of(1, 2, 3)), 0x030201n);
    assert.equal(bigintOf(Uint8Array.of(1, 2, 3), 'big'), 0x010203n);
    assert.deepEqual(bytesOf(-2n, 2), Uint8Array.of(0xfe, 0xff));
    assert.deepEqual(bytesOf(0x010203n, 4, 'big'), Uint8Array.of(0, 1, 2, 3));
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.constantFrom('little', 'big'), (value, order) => {
        assert.equal(bigintOf(bytesOf(value, 16, order), order), value);
      }),
    );
  });

  it('are floats of every format', () => {
    assert.equal(float('half', 0x3e00n, 2), 1.5);
    assert.equal(float('half', 0xc000n, 2), -2);
    assert.equal(float('half', 0x0001n, 2), 2 ** -24);
    assert.equal(float('half', 0x7c00n, 2), Infinity);
    assert.ok(Number.isNaN(float('half', 0x7e00n, 2)));
    assert.equal(float('bfloat16', 0x3fc0n, 2), 1.5);
    assert.equal(float('single', 0xbfc00000n, 4), -1.5);
    assert.equal(float('double', 0x3ff8000000000000n, 8), 1.5);
    assert.equal(float('extended', 0x3fffc000000000000000n, 10), 1.5);
    assert.equal(float('extended', 0xbfffc000000000000000n, 10), -1.5);
    assert.equal(float('extended', 0x7fff8000000000000000n, 10), Infinity);
    assert.equal(float('extended', 0n, 10), 0);
    // Pi, as fldpi loads it.
    assert.equal(float('extended', 0x4000c90fdaa22168c235n, 10), Math.PI);
    assert.equal(float('extended', 0x7ffeffffffffffffffffn, 10), Infinity, 'beyond every double');
  });

  it('have the types of the description: vectors, unions, structures, flags, enumerations', async () => {
    const text = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">
      <architecture>aarch64</architecture><osabi>GNU/Linux</osabi>
      <feature name="f">
        <vector id="v2i" type="int32" count="2"/>
        <vector id="v2f" type="ieee_single" count="2"/>
        <union id="u"><field name="i" type="v2i"/><field name="f" type="v2f"/></union>
        <enum id="mode" size="4"><evalue name="user" value="1"/></enum>
        <flags id="fl" size="4"><field name="Z" start="0"/><field name="M" start="1" end="3" type="mode"/>
          <field name="" start="4" end="5"/><field name="N" start="6" end="7"/></flags>
        <struct id="bits" size="4"><field name="low" start="0" end="7"/><field name="high" start="8" end="31"/></struct>
        <struct id="parts"><field name="a" type="uint16"/><field name="b" type="v2i"/></struct>
        <reg name="u0" bitsize="64" type="u" group="vector"/>
        <reg name="flags" bitsize="32" type="fl" regnum="7"/>
        <reg name="s0" bitsize="32" type="bits"/>
        <reg name="p0" bitsize="80" type="parts"/>
        <reg name="pc" bitsize="64" type="code_ptr" generic="pc" altname="ip"/>
        <reg name="n" bitsize="16" type="int"/>
        <reg name="f" bitsize="64" type="float"/>
        <reg name="odd" bitsize="8" type="never-heard-of"/>
      </feature></target>`;
    const { registers, architecture, osAbi } = await readTargetDescription(() => Promise.resolve(text));
    assert.deepEqual([architecture, osAbi], ['aarch64', 'GNU/Linux']);
    const value = (name: string, bits: bigint): unknown => {
      const register = registers.find((each) => each.name === name);
      assert.ok(register);
      return typedValue(bytesOf(bits, register.bits / 8), register.type, 'little');
    };
    assert.deepEqual(value('u0', 0xffffffff_3fc00000n), { i: [0x3fc00000n, -1n], f: [1.5, Number.NaN] });
    assert.deepEqual(value('flags', 0b1000_0011n), { Z: true, M: 'user', N: 2n });
    assert.deepEqual(value('flags', 0b0000_0100n), { Z: false, M: 2n, N: 0n });
    assert.deepEqual(value('s0', 0x12345678n), { low: 0x78n, high: 0x123456n });
    assert.deepEqual(value('p0', 0x00000002_00000001_ffffn), { a: 0xffffn, b: [1n, 2n] });
    assert.equal(value('pc', 2n ** 64n - 1n), 2n ** 64n - 1n);
    assert.equal(value('n', 0xffffn), -1n);
    assert.equal(value('f', 0x3ff8000000000000n), 1.5);
    assert.equal(value('odd', 0xffn), 255n);
    assert.deepEqual(
      registers.map(({ number }) => number),
      [0, 7, 8, 9, 10, 11, 12, 13],
    );
    assert.deepEqual(
      registers.flatMap(({ role, alternativeName, name }) => (role ? [[name, role, alternativeName]] : [])),
      [['pc', 'pc', 'ip']],
    );
  });

  it('of a description that is none are an error with a code', async () => {
    for (const text of ['', '<target', '<target><feature name="f"><reg name="x"/></feature></target>'])
      await assert.rejects(
        readTargetDescription(() => Promise.resolve(text)),
        { code: 'RSP_BAD_OBJECT' },
        text,
      );
    const unknownType = '<target><feature name="f"><vector id="v" type="w" count="2"/></feature></target>';
    await assert.rejects(
      readTargetDescription(() => Promise.resolve(unknownType)),
      { code: 'RSP_BAD_OBJECT', message: /no type w/ },
    );
  });
});
