import assert from 'node:assert/strict';
import { parseFeature, parseFeatures } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

describe('features', () => {
  it('have a sign or a text', () => {
    assert.deepEqual(
      [...parseFeatures('multiprocess+;x-;PacketSize=20000;xmlRegisters=i386,arm;a=b=c;empty=')],
      [
        ['multiprocess', true],
        ['x', false],
        ['PacketSize', '20000'],
        ['xmlRegisters', 'i386,arm'],
        ['a', 'b=c'],
        ['empty', ''],
      ],
    );
  });

  it('in other forms are left out', () => {
    assert.deepEqual([...parseFeatures('maybe?;;+;=x;plain;')], []);
    assert.deepEqual(parseFeature('maybe?'), { name: 'maybe', value: '?' });
    assert.equal(parseFeature('plain'), undefined);
  });

  it('do not reach the prototype of an object', () => {
    assert.deepEqual([...parseFeatures('__proto__=1')], [['__proto__', '1']]);
  });

  it('take the last of several', () => {
    assert.deepEqual([...parseFeatures('a+;a-')], [['a', false]]);
  });
});
