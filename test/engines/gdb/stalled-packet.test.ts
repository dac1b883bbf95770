import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { breakpointKind } from '../../support/machine-registers.js';
import { withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

const packetTimeoutMs = 5000;

describe('gdb session: half a packet', () => {
  it('is waited for for some time from byte to byte, and others are not disturbed by that', () =>
    withSession('stepping', { config: { packetTimeoutMs } }, async ({ client, server, symbol, lines }) => {
      const slow = new WireClient(server);
      await slow.greet();
      await slow.request('?');
      assert.equal(await slow.request(`Z0,${symbol('twice')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`Z0,${symbol('factorial')},${breakpointKind}`), 'OK');
      using clock = fakeClock();
      slow.sendRaw('$qC#');
      clock.tick(packetTimeoutMs - 1);
      slow.sendRaw('b');
      clock.tick(packetTimeoutMs - 1);
      slow.sendRaw('4');
      clock.tick(10 * packetTimeoutMs);
      assert.match(await slow.reply(), /^QC/);
      slow.sendRaw('$qSuppor');
      clock.tick(packetTimeoutMs - 1);
      assert.equal(slow.isClosed, false);
      assert.match(await client.request('qC'), /^QC/);
      clock.tick(1);
      assert.equal(slow.isClosed, true);
      assert.match(lines.join('\n'), /rest of a packet has not come within 5 s/);
      // Its breakpoint has gone with it, the other one's has not.
      assert.match(await client.request('vCont;c'), /^T05.*swbreak/);
      assert.equal(await client.request(`z0,${symbol('factorial')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^W00/);
    }));

  it('of a client that has gone is forgotten', () =>
    withSession('stepping', { config: { packetTimeoutMs } }, async ({ client, server, lines }) => {
      const gone = new WireClient(server);
      await gone.greet();
      using clock = fakeClock();
      gone.sendRaw('$qSuppor');
      gone.disconnect();
      clock.tick(10 * packetTimeoutMs);
      assert.doesNotMatch(lines.join('\n'), /rest of a packet/);
      assert.match(await client.request('qC'), /^QC/);
    }));
});

/** The timers that are set from now on; others go on as they are. */
function fakeClock(): { tick(ms: number): void } & Disposable {
  const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return { tick: (ms) => void clock.tick(ms), [Symbol.dispose]: () => clock.restore() };
}
