import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Comm, parseComm } from '../../src/cli/comm.js';
import { StartError } from '../../src/cli/start-error.js';

function tcp(text: string, host: string | undefined, port: number, family: 0 | 4 | 6 = 0): [string, Comm] {
  return [text, { kind: 'tcp', text, host, port, family }];
}

const accepted: readonly [string, Comm][] = [
  ['-', { kind: 'stdio' }],
  ['stdio', { kind: 'stdio' }],
  tcp('localhost:2345', 'localhost', 2345),
  tcp('example.org:1', 'example.org', 1),
  tcp('127.0.0.1:65535', '127.0.0.1', 65535, 4),
  tcp('0.0.0.0:5', '0.0.0.0', 5, 4),
  tcp(':2345', undefined, 2345),
  tcp('2345', undefined, 2345),
  tcp(':0', undefined, 0),
  tcp('[::1]:2345', '::1', 2345, 6),
  tcp('::1:2345', '::1', 2345, 6),
  tcp('[::]:2345', '::', 2345, 6),
  tcp('[fe80::1%lo]:7', 'fe80::1%lo', 7, 6),
  tcp('tcp:localhost:2345', 'localhost', 2345),
  tcp('tcp::2345', undefined, 2345),
  tcp('tcp4:localhost:2345', 'localhost', 2345, 4),
  tcp('tcp4::2345', undefined, 2345, 4),
  tcp('tcp6:localhost:2345', 'localhost', 2345, 6),
  tcp('tcp6:::1:2345', '::1', 2345, 6),
  tcp('tcp6:[::1]:2345', '::1', 2345, 6),
  ['unix:/run/a b', { kind: 'unix', path: '/run/a b' }],
  ['unix:here', { kind: 'unix', path: 'here' }],
  ['/dev/ttyS0', { kind: 'serial', path: '/dev/ttyS0' }],
  [
    '/dev/serial/by-path/pci-0000:00:14.0-usb',
    { kind: 'serial', path: '/dev/serial/by-path/pci-0000:00:14.0-usb' },
  ],
  ['ttyS0', { kind: 'serial', path: 'ttyS0' }],
];

const refused: readonly [string, RegExp][] = [
  ['', /empty/],
  ['unix:', /path/],
  ['tcp8:123:2345', /^tcp8:123:2345: cannot resolve name: Name or service not known$/],
  ['garbage:1234:2345', /^garbage:1234:2345: cannot resolve name: Name or service not known$/],
  ['udp123:::2345', /cannot resolve name/],
  ['udp:localhost:2345', /cannot resolve name/],
  ['::1', /cannot resolve name/],
  ['localhost:', /cannot resolve name: the port must be a number/],
  ['localhost:http', /port/],
  ['localhost:65536', /port/],
  ['localhost:-1', /port/],
  ['localhost:0x10', /port/],
  ['localhost:12abc', /port/],
  ['99999', /port/],
  ['[::1', /Missing close bracket/],
  ['[::1]', /Missing port/],
  ['[::1]2345', /Missing port/],
  ['[localhost]:1', /cannot resolve name/],
  ['tcp4:[::1]:1', /cannot resolve name: Address family/],
  ['tcp6:127.0.0.1:1', /cannot resolve name: Address family/],
];

describe('cli: connection argument', () => {
  for (const [text, comm] of accepted) {
    it(`takes ${text}`, () => assert.deepEqual(parseComm(text), comm));
  }
  for (const [text, message] of refused) {
    it(`refuses ${text === '' ? 'an empty one' : text}`, () => {
      assert.throws(
        () => parseComm(text),
        (error: unknown) => error instanceof StartError && message.test(error.message),
      );
    });
  }
});
