/** Stop replies tell how long the thread's vectors are: clients fit their registers to that, stop by stop. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { hasScalableVectors, hasStreamingMode } from '../../../arch/aarch64/features.js';
import { nativeBinding } from '../../../src/native/binding.js';
import { describeOn } from '../../support/machine.js';
import { registerNamed } from '../../support/machine-registers.js';
import { bigintOfHex, stopKeys, withSession } from './traced-session.js';

const compile = { flags: ['-no-pie', '-march=armv8.5-a+sve+memtag'] };
const facts = nativeBinding().machineFacts();

function valueIn(stop: string, name: string): bigint {
  const { number } = registerNamed(name);
  const value = stopKeys(stop).get(number.toString(16));
  assert.ok(value, `${name} is not in ${stop}`);
  return bigintOfHex(value);
}

describeOn('aarch64', 'gdb session: lengths of vectors', () => {
  it('are in stop replies where the machine has such vectors, as the thread has them now', () =>
    withSession(
      'aarch64-state',
      { ...compile, args: ['vectors', '16', '32'] },
      async ({ client, symbol }) => {
        assert.equal(await client.request(`Z0,${symbol('stop')},4`), 'OK');
        const stops = [await client.request('vCont;c'), await client.request('vCont;c')];
        for (const [index, stop] of stops.entries()) {
          if (hasScalableVectors(facts)) assert.equal(valueIn(stop, 'vg'), BigInt(2 << index), stop);
          if (hasStreamingMode(facts)) assert.ok(valueIn(stop, 'svg') > 0n, stop);
        }
        assert.match(await client.request('vCont;s'), /^T05/);
        assert.match(await client.request('vCont;s'), /^T05/);
      },
    ));
});
