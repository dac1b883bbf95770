/** This machine. */
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { hostProcess } from '../../src/base/host-process.js';
import { serverScript } from './conformance-paths.js';
import type { SuiteMachine } from './suite-machine.js';

export const hostMachine: SuiteMachine = {
  triplet: 'x86_64-pc-linux-gnu',
  workFolder: tmpdir(),
  gnuServer: undefined,
  outstep: [hostProcess.execPath, serverScript],
  trivialProgram: realpathSync('/bin/true'),
  gdbSettings: ['set sysroot'],
  patience: 1,
  commandLine: (command) => command,
  freeAddress: async () => {
    const address = `localhost:${await findFreePort()}`;
    return { listen: address, connect: address };
  },
  settings: () => [],
  endLeftovers: async () => {
    // All that runs here descends from the file's own command.
  },
  [Symbol.dispose]: () => {
    // It was there before.
  },
};

async function findFreePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  return address.port;
}
