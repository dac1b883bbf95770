import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { addressFamilyOf } from '../../src/cli/address-family.js';

const edges = [
  ...[
    '',
    '.',
    ':',
    '::',
    ':::',
    '::1',
    '1::',
    ':1',
    '1:',
    '1::2::3',
    '::ffff:1.2.3.4',
    '::1.2.3',
    '::1.2.3.256',
  ],
  ...[
    '::1.2.3.04',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7',
    '1::3:4:5:6:7:8',
  ],
  ...[
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '12345::',
    '::g',
    '::1%lo',
    '::1%',
  ],
  ...[
    'fe80::1%eth0.1',
    'fe80::1%a b',
    '::1]',
    '[::1]',
    '::1/64',
    '::1#',
    '::1@x',
    '1.2.3.4',
    '1.2.3',
    '1.2.3.4.',
  ],
  ...[
    '01.2.3.4',
    '1.2.3.256',
    '256.1.1.1',
    '1.2.3.4.5',
    '0.0.0.0',
    '1.2.3.4%lo',
    'localhost',
    '1',
    '0x7f.1',
    '1..3.4',
  ],
  ...['::1%a%b', '::%25', '::1 ', ' ::1', '::1\n', '1.2.3.4\n', '::１', '%lo::1'],
];

describe('cli: family of an address', () => {
  for (const host of edges) {
    it(`is that of Node for ${JSON.stringify(host)}`, () => assert.equal(addressFamilyOf(host), isIP(host)));
  }

  it('is that of Node for whatever looks like an address', () => {
    const group = fc.stringMatching(/^[\da-f]{0,5}$/);
    const groups = fc.array(group, { maxLength: 9 }).map((list) => list.join(':'));
    const bytes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 5 }).map((list) => list.join('.'));
    const mixed = fc.tuple(groups, fc.constantFrom(':', '::', ''), bytes).map((parts) => parts.join(''));
    const any = fc.oneof(groups, bytes, mixed, fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[\d:.%a]*$/));
    fc.assert(
      fc.property(any, (host) => assert.equal(addressFamilyOf(host), isIP(host))),
      { numRuns: 5000 },
    );
  });
});
