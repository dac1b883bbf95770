import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'mocha';
import { breakpointKind } from '../../support/machine-registers.js';
import { eventually } from '../../support/proc-files.js';
import { withSession } from './traced-session.js';
import { WireClient } from './wire-client.js';

const refused = /^E\.this client only observes \(\w+ is not allowed/;

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

/** The replies to `monitor` commands, without what they print. */
async function monitor(client: WireClient, command: string): Promise<void> {
  client.send(`qRcmd,${hex(command)}`);
  assert.match(await client.reply(), /^O/);
  assert.equal(await client.reply(), 'OK');
}

describe('gdb session: a client that only observes', () => {
  it('reads everything and changes nothing, neither by itself nor when others do', () =>
    withSession('stepping', {}, async ({ client, server, symbol }) => {
      const observer = new WireClient(server);
      await observer.greet('multiprocess+;error-message+');
      assert.match(await observer.request('?'), /^T/);
      await monitor(observer, 'observe on');
      const at = symbol('twice');
      assert.match(await observer.request('g'), /^[0-9a-fx]{100}/);
      assert.match(await observer.request(`m${at},4`), /^[0-9a-f]{8}$/);
      const registers = await observer.request('g');
      for (const packet of [
        `G${registers}`,
        `M${at},1:cc`,
        `Z0,${at},${breakpointKind}`,
        'vKill;1',
        'vRun;',
        'QTinit',
      ])
        assert.match(await observer.request(packet), refused, packet);
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      await monitor(observer, 'observe off');
      assert.equal(await observer.request(`Z0,${at},${breakpointKind}`), 'OK');
    }));

  it('says so with QAllow, and its kill only ends the connection', () =>
    withSession('stepping', {}, async ({ client, server, symbol }) => {
      await client.request('?');
      const observer = new WireClient(server);
      await observer.greet('multiprocess+;error-message+');
      const all = 'WriteReg:0;WriteMem:0;InsertBreak:0;InsertTrace:0;InsertFastTrace:0;Stop:1;Control:0';
      assert.equal(await observer.request(`QAllow:${all}`), 'OK');
      assert.match(await observer.request('QAllow:Fly:1'), /^E\.no permission is called Fly/);
      assert.match(await observer.request(`Z0,${symbol('twice')},${breakpointKind}`), refused);
      observer.send('k');
      await eventually('it is closed', () => observer.isClosed);
      assert.match(await client.request('g'), /^[0-9a-fx]{100}/);
    }));
});
