import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'mocha';
import { breakpointKind } from '../../support/machine-registers.js';
import { withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

/** What an `O` packet says. */
function textOf(reply: string): string {
  assert.match(reply, /^O[0-9a-f]+$/);
  return Buffer.from(reply.slice(1), 'hex').toString();
}

describe('gdb session: two clients at once', () => {
  it('each has its own breakpoints, and neither sees the other’s in memory', () =>
    withSession('stepping', {}, async ({ client, server, symbol }) => {
      const other = new WireClient(server);
      await other.greet();
      await client.request('?');
      await other.request('?');
      const before = await client.request(`m${symbol('twice')},8`);
      assert.equal(await client.request(`Z0,${symbol('twice')},${breakpointKind}`), 'OK');
      assert.equal(await other.request(`Z0,${symbol('factorial')},${breakpointKind}`), 'OK');
      assert.equal(await other.request(`m${symbol('twice')},8`), before);
      // The program runs when both let it.
      other.send('vCont;c');
      assert.match(textOf(await other.reply()), /^Also on this program: client \(since/);
      client.send('vCont;c');
      assert.match(textOf(await client.reply()), /^Also on this program: client \(since/);
      assert.match(textOf(await other.reply()), /is on this program now\n$/);
      assert.match(await client.reply(), /^T05.*swbreak/);
      assert.deepEqual(other.unread, []);
      assert.match(await client.request('vCont;c'), /^T05.*swbreak/);
      assert.equal(await client.request(`z0,${symbol('twice')},${breakpointKind}`), 'OK');
      client.send('vCont;c');
      assert.match(await other.reply(), /^T05.*swbreak/);
      assert.deepEqual(client.unread, []);
    }));

  it('one that goes takes nothing of the other’s with it', () =>
    withSession('stepping', {}, async ({ client, server, symbol }) => {
      const other = new WireClient(server);
      await other.greet();
      await client.request('?');
      assert.equal(await client.request(`Z0,${symbol('factorial')},${breakpointKind}`), 'OK');
      assert.equal(await other.request(`Z0,${symbol('factorial')},${breakpointKind}`), 'OK');
      assert.equal(await other.request(`Z0,${symbol('twice')},${breakpointKind}`), 'OK');
      other.disconnect();
      assert.match(await client.request('vCont;c'), /^T05.*swbreak/);
      assert.equal((await client.request('g')).length > 0, true);
      assert.equal(await client.request(`z0,${symbol('factorial')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^W00/);
    }));
});
