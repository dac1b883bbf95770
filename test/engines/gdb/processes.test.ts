import assert from 'node:assert/strict';
import { asciiBytes, hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import type { Process } from '../../../src/core/index.js';
import { bounded } from '../../support/bounded.js';
import { breakpointKind } from '../../support/machine-registers.js';
import { startOrphan } from '../../support/orphan.js';
import { processState } from '../../support/proc-files.js';
import { compileFixed, endProcess, newServer, stopKeys, withSession } from './traced-session.js';
import { gdbTokens, WireClient } from './wire-client.js';

async function withServer(test: (server: ReturnType<typeof newServer>) => Promise<void>): Promise<void> {
  const made = newServer({ multi: true });
  try {
    await test(made);
  } finally {
    made.server.dispose();
  }
}

/** Kills from outside; resolves when the server has heard of it. */
async function killed(one: Process): Promise<void> {
  const end = new Promise<void>((resolve) => {
    const onEvent = (): 'pass' => {
      resolve();
      return 'pass';
    };
    one.attachEngine({ name: 'watcher', mask: new Set(['exit']), onEvent });
  });
  endProcess(one.pid);
  await bounded(end, 10_000, () => `the end of ${one.pid}`);
}

describe('gdb session: processes', () => {
  it('has none before vRun, and two after two', () =>
    withServer(async ({ server, lines }) => {
      const client = new WireClient(server);
      await client.greet();
      assert.equal(await client.request('!'), 'OK');
      assert.equal(await client.request('?'), 'W00');
      assert.equal(await client.request('qfThreadInfo'), 'l');
      assert.match(await client.request('qC'), /^E/);
      assert.match(await client.request('g'), /^E/);
      assert.match(await client.request('vCont;c'), /^E/);
      const path = await compileFixed('stepping');
      const first = await client.request(`vRun;${hexOfText(path)};${hexOfText('an argument')};`);
      assert.match(first, /^T05/);
      assert.match(lines[0] ?? '', /^Process .*stepping created; pid = \d+$/);
      assert.match(await client.request(`vRun;${hexOfText(path)}`), /^T05/);
      const ids = (await client.request('qfThreadInfo')).slice(1).split(',');
      assert.equal(ids.length, 2);
      const [one = '', two = ''] = ids.map((id) => id.slice(1).split('.')[0]);
      assert.equal(await client.request(`vCont;c:p${one}.-1`), `W00;process:${one}`);
      assert.equal(await client.request(`Hgp${two}.${two}`), 'OK');
      assert.equal(await client.request('qC'), `QCp${two}.${two}`);
      assert.equal(await client.request(`qAttached:${two}`), '0');
      assert.equal(await client.request(`vKill;${two}`), 'OK');
      assert.match(await client.request(`vKill;${two}`), /^E/);
      assert.equal(await client.request('qfThreadInfo'), 'l');
    }));

  it('says why a program cannot be started', () =>
    withServer(async ({ server }) => {
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      const reply = await client.request(`vRun;${hexOfText('/nonexistent/program')}`);
      assert.equal(
        reply,
        'E.Cannot exec /nonexistent/program: No such file or directory. /nonexistent/program does not exist',
      );
      assert.match(await client.request('vRun;'), /^E16$/);
      assert.match(await client.request('vRun;zz'), /^E/);
      assert.equal(await client.request('?'), 'W00');
    }));

  it('attaches, and lets go again', () =>
    withServer(async ({ server, lines }) => {
      const path = await compileFixed('hot-threads');
      using program = startOrphan(path, ['2', '1000000000']);
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      const id = program.pid.toString(16);
      assert.match(await client.request(`vAttach;${id}`), /^T/);
      assert.deepEqual(lines, [`Attached; pid = ${program.pid}`]);
      assert.equal(await client.request('qAttached'), '1');
      assert.match(await client.request(`vAttach;${id}`), /^E\./, 'twice');
      assert.match(await client.request('vAttach;7ffffff0'), /^E\./);
      assert.equal(await client.request(`D;${id}`), 'OK');
      assert.deepEqual(lines.slice(1), [
        `Cannot attach to process ${0x7ffffff0}: No such process`,
        `Detaching from process ${program.pid}`,
      ]);
      assert.equal(await client.request('qfThreadInfo'), 'l');
      assert.match(await client.request(`D;${id}`), /^E/);
      assert.match(processState(program.pid), /[RS]/, 'it runs on');
    }));

  it('detaches and kills what has ended meanwhile, and tells its end no more', () =>
    withServer(async ({ server, lines }) => {
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      const path = await compileFixed('stepping');
      const ended: string[] = [];
      for (let count = 0; count < 4; count++) {
        assert.match(await client.request(`vRun;${hexOfText(path)}`), /^T05/);
        const process = [...client.session.processes].at(-1);
        assert.ok(process);
        await killed(process);
        ended.push(process.pid.toString(16));
      }
      const [first = '', second = '', third = '', fourth = ''] = ended;
      assert.equal(await client.request(`D;${first}`), 'OK');
      assert.equal(await client.request(`vKill;${second}`), 'OK');
      assert.match(await client.request(`D;${first}`), /^E/, 'twice');
      assert.match(await client.request(`vKill;${first}`), /^E/, 'after the detach');
      assert.equal(await client.request('vCont;c'), `X09;process:${third}`);
      assert.equal(await client.request(`D;${fourth}`), 'OK');
      assert.match(await client.request('vCont;c'), /^E/);
      assert.equal(lines.filter((line) => /SIGKILL/.test(line)).length, 4);
    }));

  it('interrupts the process that came last', () =>
    withServer(async ({ server }) => {
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      const run = [await compileFixed('hot-threads'), '2', '1000000000'].map(hexOfText).join(';');
      const first = stopKeys(await client.request(`vRun;${run}`)).get('thread');
      const second = stopKeys(await client.request(`vRun;${run}`)).get('thread');
      assert.equal(await client.request(`Hg${first}`), 'OK');
      client.send('vCont;c');
      client.interrupt();
      assert.equal(
        stopKeys(await client.reply())
          .get('thread')
          ?.split('.')[0],
        second?.split('.')[0],
      );
      client.send(`vCont;c:${first?.split('.')[0]}.-1`);
      client.interrupt();
      assert.equal(
        stopKeys(await client.reply())
          .get('thread')
          ?.split('.')[0],
        first?.split('.')[0],
      );
    }));

  it('restarts with R what ran last', () =>
    withServer(async ({ server }) => {
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      await client.request(`vRun;${hexOfText(await compileFixed('stepping'))}`);
      const before = await client.request('qC');
      client.send('R00');
      assert.match(await client.request('?'), /^T05/);
      assert.notEqual(await client.request('qC'), before);
    }));

  it('kills the only process for a client that knows no process ids', () =>
    withSession('stepping', { tokens: 'swbreak+' }, async ({ client, server }) => {
      await client.request('?');
      assert.equal(await client.request('vKill;a410'), 'OK');
      assert.equal(server.tracer.processes.size, 0);
      assert.match(await client.request('vKill;a410'), /^E/);
    }));

  it('k ends the server of a plain client, and leaves an extended one without processes', async () => {
    await withSession('stepping', {}, async ({ client, server, lines }) => {
      await client.request('?');
      client.send('k');
      assert.equal(await server.finished, 0);
      assert.ok(client.isClosed);
      assert.equal(server.tracer.processes.size, 0);
      assert.deepEqual(lines.slice(1), ['Killing all inferiors']);
    });
    await withSession('stepping', {}, async ({ client }) => {
      await client.request('!');
      client.send('k');
      assert.equal(await client.request('?'), 'W00');
    });
  });
});

describe('gdb session: the end of a connection', () => {
  it('takes the breakpoints with it, and leaves a stopped process stopped', () =>
    withSession('stepping', {}, async ({ client, server, symbol }) => {
      await client.request('?');
      const at = symbol('factorial');
      assert.equal(await client.request(`Z0,${at},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`Z0,${symbol('twice')},${breakpointKind}`), 'OK');
      assert.match(await client.request('vCont;c'), /^T05/);
      const before = await client.request('g');
      client.disconnect();
      const next = new WireClient(server);
      await next.greet();
      assert.match(await next.request('?'), /^T05/);
      assert.equal(await next.request('g'), before);
      assert.match(await next.request('vCont;c'), /^W0/);
    }));

  it('leaves a running process running, half a packet or not', () =>
    withSession('hot-threads', { args: ['2', '1000000000'] }, async ({ client, server }) => {
      await client.request('?');
      client.send('vCont;c');
      client.sendRaw(asciiBytes('$m1234'));
      client.disconnect();
      const next = new WireClient(server);
      await next.greet();
      assert.match(await next.request('?'), /^T/);
      next.send('vCont;c');
      next.interrupt();
      assert.match(await next.reply(), /^T02/);
    }));

  it('keeps a signal that was not dealt with for the next client', () =>
    withSession('signals', { args: ['usr1'] }, async ({ client, server, symbol }) => {
      await client.request('?');
      assert.match(await client.request('vCont;c'), /^T1e/);
      client.disconnect();
      const next = new WireClient(server);
      await next.greet();
      assert.match(await next.request('?'), /^T1e/);
      assert.equal(await next.request(`Z0,${symbol('on_usr1')},${breakpointKind}`), 'OK');
      assert.match(await next.request('vCont;C1e'), /^T05/);
    }));

  it('ends a server that serves once, with what it started', () =>
    withSession('stepping', { config: { once: true } }, async ({ client, server, lines, pid }) => {
      await client.request('?');
      client.disconnect();
      assert.equal(await server.finished, 0);
      assert.deepEqual(lines.slice(-1), [`Killing process(es): ${pid}`]);
    }));

  it('ends the server of a plain client when no process is left', () =>
    withSession('stepping', {}, async ({ client, server, lines }) => {
      await client.request('?');
      assert.match(await client.request('vCont;c'), /^W0/);
      assert.deepEqual(lines.slice(-2), ['', 'Child exited with status 0']);
      client.disconnect();
      assert.equal(await server.finished, 0);
    }));

  it('by D of the last process is the stub’s own doing for a plain client', () =>
    withSession('stepping', {}, async ({ client, server }) => {
      await client.request('?');
      assert.equal(await client.request('D'), 'OK');
      assert.ok(client.isClosed);
      assert.equal(await server.finished, 0);
    }));

  it('does not end the server of an extended client', () =>
    withServer(async ({ server }) => {
      const client = new WireClient(server);
      await client.greet();
      await client.request('!');
      client.disconnect();
      const next = new WireClient(server);
      assert.match(await next.request(`qSupported:${gdbTokens}`), /PacketSize/);
      assert.equal(await Promise.race([server.finished, Promise.resolve('serving')]), 'serving');
    }));
});
