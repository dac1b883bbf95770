import assert from 'node:assert/strict';
import { hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { breakpointKind, registerOfRole } from '../../support/machine-registers.js';
import { compileFixed, stopKeys, withSession } from './traced-session.js';
import { lldbTokens } from './wire-client.js';

/** In hex, as stop replies have it. */
const pcNumber = registerOfRole('pc').number.toString(16);

describe('gdb session: exec', () => {
  for (const mode of ['first', 'other']) {
    it(`by the ${mode} thread is a stop of the leader, without the old breakpoints`, async () => {
      const next = await compileFixed('stepping');
      await withSession('exec', { args: [mode, next] }, async ({ client, pid, symbol }) => {
        await client.request('?');
        assert.equal(await client.request(`Z1,${symbol('main')},${breakpointKind}`), 'OK');
        assert.match(await client.request('vCont;c'), /^T05.*hwbreak/);
        const stop = await client.request('vCont;c');
        const keys = stopKeys(stop);
        const id = pid.toString(16);
        assert.equal(keys.get('exec'), hexOfText(next));
        assert.equal(keys.get('thread'), `p${id}.${id}`);
        assert.ok(stop.indexOf('exec:') < stop.indexOf(`;${pcNumber}:`), 'before the registers');
        assert.equal(await client.request('qfThreadInfo'), `mp${id}.${id}`);
        assert.equal(await client.request('vCont;c'), `W00;process:${id}`);
      });
    });
  }

  it('by the only thread that was let run is told, and it goes on as the leader', async () => {
    const next = await compileFixed('stepping');
    await withSession('exec', { args: ['other', next] }, async ({ client, pid, symbol }) => {
      await client.request('?');
      await client.request(`Z0,${symbol('become')},${breakpointKind}`);
      const executing = stopKeys(await client.request('vCont;c')).get('thread');
      const id = pid.toString(16);
      assert.notEqual(executing, `p${id}.${id}`);
      const keys = stopKeys(await client.request(`vCont;c:${executing}`));
      assert.equal(keys.get('exec'), hexOfText(next));
      assert.equal(keys.get('thread'), `p${id}.${id}`);
      assert.equal(await client.request(`vCont;c:p${id}.${id}`), `W00;process:${id}`);
    });
  });

  it('has no key of its own for a client that did not ask, and a reason for LLDB', async () => {
    const next = await compileFixed('stepping');
    for (const tokens of ['multiprocess+', lldbTokens]) {
      await withSession('exec', { args: ['first', next], tokens }, async ({ client }) => {
        const keys = stopKeys(await client.request('vCont;c'));
        assert.ok(!keys.has('exec'));
        assert.equal(keys.get('reason'), tokens === lldbTokens ? 'exec' : undefined);
      });
    }
  });
});
