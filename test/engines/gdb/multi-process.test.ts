import assert from 'node:assert/strict';
import process from 'node:process';
import { hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { symbolValue } from '../../core/traced-program.js';
import { bounded } from '../../support/bounded.js';
import { breakpointKind, registerOfRole } from '../../support/machine-registers.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, processState, threadsOf, tracerOf } from '../../support/proc-files.js';
import { systemCalls } from '../../support/system-calls.js';
import { compileFixed, newServer, stopKeys } from './traced-session.js';
import { WireClient } from './wire-client.js';

/** As the wire has it. */
const pauseNumber = systemCalls.pause.toString(16);

/** An extended client of a server without a program. */
async function withClient(
  mode: 'all-stop' | 'non-stop',
  test: (client: WireClient) => Promise<void>,
): Promise<void> {
  const { server } = newServer({ multi: true });
  try {
    const client = new WireClient(server);
    await client.greet();
    assert.equal(await client.request('!'), 'OK');
    if (mode === 'non-stop') assert.equal(await client.request('QNonStop:1'), 'OK');
    await test(client);
  } finally {
    server.dispose();
  }
}

/** Starts a program; gives its process id as the wire has it. */
async function run(client: WireClient, path: string, ...args: readonly string[]): Promise<string> {
  const stop = await client.request(`vRun;${[path, ...args].map((word) => hexOfText(word)).join(';')}`);
  const thread = stopKeys(stop).get('thread') ?? '';
  assert.match(thread, /^p[0-9a-f]+\.[0-9a-f]+$/);
  assert.equal(await client.request('qC'), `QC${thread}`);
  return thread.slice(1, thread.indexOf('.'));
}

/** What comes of a resume: its answer, or the stops that are notified. */
async function stopsOf(
  client: WireClient,
  mode: 'all-stop' | 'non-stop',
  resume: string,
): Promise<readonly string[]> {
  if (mode === 'all-stop') return [await client.request(resume)];
  assert.equal(await client.request(resume), 'OK');
  return client.stops();
}

for (const mode of ['all-stop', 'non-stop'] as const) {
  describe(`several processes in one session: ${mode}`, () => {
    it('each ends with its own status or signal', () =>
      withClient(mode, async (client) => {
        const workers = await compileFixed('workers', ['-pthread']);
        const one = await run(client, workers, '0');
        const two = await run(client, workers, '0');
        const three = await run(client, await compileFixed('stepping'));
        assert.equal((await client.request('qfThreadInfo')).split(',').length, 3);
        assert.deepEqual(await stopsOf(client, mode, `vCont;C0f:p${two}.-1`), [`X0f;process:${two}`]);
        assert.deepEqual(await stopsOf(client, mode, `vCont;c:p${three}.-1`), [`W00;process:${three}`]);
        assert.deepEqual(await stopsOf(client, mode, 'vCont;c'), [`W03;process:${one}`]);
        assert.equal(await client.request('qfThreadInfo'), 'l');
      }));

    it('vKill and D are about one of them', () =>
      withClient(mode, async (client) => {
        const path = await compileFixed('stepping');
        const one = await run(client, path);
        const two = await run(client, path);
        const three = await run(client, path);
        assert.equal(await client.request(`vKill;${two}`), 'OK');
        assert.equal(await client.request(`D;${one}`), 'OK');
        assert.equal(await client.request('qfThreadInfo'), `mp${three}.${three}`);
        assert.deepEqual(await stopsOf(client, mode, 'vCont;c'), [`W00;process:${three}`]);
      }));

    it('a breakpoint of one is not one of the other', () =>
      withClient(mode, async (client) => {
        const path = await compileFixed('stepping');
        const main = symbolValue(path, 'main').toString(16);
        const one = await run(client, path);
        const two = await run(client, path);
        assert.equal(await client.request(`Hgp${two}.${two}`), 'OK');
        assert.equal(await client.request(`Z0,${main},${breakpointKind}`), 'OK');
        assert.deepEqual(await stopsOf(client, mode, `vCont;c:p${one}.-1`), [`W00;process:${one}`]);
        const [hit = ''] = await stopsOf(client, mode, `vCont;c:p${two}.-1`);
        assert.equal(stopKeys(hit).get('thread'), `p${two}.${two}`);
        assert.equal(stopKeys(hit).get('swbreak'), '');
      }));
  });
}

/** Kills from outside; resolves when every session has heard of it. */
async function killFromOutside(client: WireClient, id: string): Promise<void> {
  const one = client.session.processById(Number.parseInt(id, 16));
  assert.ok(one);
  const end = new Promise<void>((resolve) => {
    const onEvent = (): 'pass' => {
      resolve();
      return 'pass';
    };
    one.attachEngine({ name: 'watcher', mask: new Set(['exit']), onEvent }).newThreads = 'continue';
  });
  process.kill(one.pid, 'SIGKILL');
  await bounded(end, 10_000, () => `the end of ${id}`);
}

const pcNumber = registerOfRole('pc').number.toString(16);

for (const mode of ['all-stop', 'non-stop'] as const) {
  describe(`a process that is killed while the client knows it as stopped: ${mode}`, () => {
    it('is there until it is resumed, and its end is told then', () =>
      withClient(mode, async (client) => {
        const path = await compileFixed('stepping');
        const main = symbolValue(path, 'main').toString(16);
        const one = await run(client, path);
        const two = await run(client, path);
        assert.equal(await client.request(`Hgp${one}.${one}`), 'OK');
        const registers = await client.request('g');
        const pc = await client.request(`p${pcNumber}`);
        await killFromOutside(client, one);
        await killFromOutside(client, two);
        assert.deepEqual(client.unreadNotifications, []);

        assert.equal(await client.request(`Tp${two}.${two}`), 'OK');
        assert.equal(
          (await client.request('qfThreadInfo')).slice(1).split(',').sort().join(),
          [`p${one}.${one}`, `p${two}.${two}`].sort().join(),
        );
        assert.match(await client.request('qXfer:threads:read::0,1000'), new RegExp(`"p${two}\\.${two}"`));
        assert.equal(await client.request('qC'), `QCp${one}.${one}`);
        assert.equal(await client.request('g'), registers, 'what was read before');
        assert.equal(await client.request(`p${pcNumber}`), pc);
        assert.match(await client.request(`m${main},4`), /^E/);
        assert.equal(await client.request(`Hgp${two}.${two}`), 'OK');
        assert.match(await client.request('g'), /^[0-9a-fx]{128}/);
        for (const kind of [0, 1, 2]) {
          assert.equal(await client.request(`Z${kind},${main},${breakpointKind}`), 'OK');
          assert.equal(await client.request(`z${kind},${main},${breakpointKind}`), 'OK');
        }
        assert.equal(await client.request('QPassSignals:e'), 'OK');
        assert.match(await client.request(`QCatchSyscalls:1;${pauseNumber}`), /^(OK|E)/);
        assert.match(await client.request('QTStart'), /^E/);
        assert.match(await client.request('qXfer:libraries-svr4:read::0,1000'), /^[lE]/);
        assert.match(await client.request('qXfer:auxv:read::0,1000'), /^[lE]/);
        assert.deepEqual(await stopsOf(client, mode, `vCont;c:p${two}.${two}`), [`X09;process:${two}`]);
        assert.equal(await client.request('qfThreadInfo'), `mp${one}.${one}`);
        assert.deepEqual(await stopsOf(client, mode, 'vCont;c'), [`X09;process:${one}`]);
        assert.equal(await client.request('qfThreadInfo'), 'l');
        assert.match(await client.request(`Tp${one}.${one}`), /^E/);
      }));

    it('does not disturb what runs meanwhile', () =>
      withClient(mode, async (client) => {
        const path = await compileFixed('stepping');
        const one = await run(client, path);
        const two = await run(client, path);
        await killFromOutside(client, one);
        const [step = ''] = await stopsOf(client, mode, `vCont;s:p${two}.${two}`);
        assert.equal(stopKeys(step).get('thread'), `p${two}.${two}`);
        assert.deepEqual(await stopsOf(client, mode, `vCont;c:p${two}.-1`), [`W00;process:${two}`]);
        assert.equal(await client.request('qfThreadInfo'), `mp${one}.${one}`);
        assert.deepEqual(await stopsOf(client, mode, `vCont;c:p${one}.-1`), [`X09;process:${one}`]);
      }));

    it('is let go and killed as if it were there, and that is all that is told', () =>
      withClient(mode, async (client) => {
        const path = await compileFixed('stepping');
        const one = await run(client, path);
        const two = await run(client, path);
        const three = await run(client, path);
        for (const id of [one, two]) await killFromOutside(client, id);
        assert.equal(await client.request(`D;${one}`), 'OK');
        assert.equal(await client.request(`vKill;${two}`), 'OK');
        assert.match(await client.request(`vKill;${two}`), /^E/);
        assert.equal(await client.request('qfThreadInfo'), `mp${three}.${three}`);
        assert.deepEqual(await stopsOf(client, mode, 'vCont;c'), [`W00;process:${three}`]);
        assert.equal(await client.request('qfThreadInfo'), 'l');
      }));

    it('is still there in the other mode', () =>
      withClient(mode, async (client) => {
        const other = mode === 'all-stop' ? 'non-stop' : 'all-stop';
        const path = await compileFixed('stepping');
        const one = await run(client, path);
        const two = await run(client, path);
        await killFromOutside(client, one);
        assert.equal(await client.request(`QNonStop:${other === 'non-stop' ? 1 : 0}`), 'OK');
        assert.equal(await client.request(`Hgp${one}.${one}`), 'OK');
        assert.deepEqual(await stopsOf(client, other, `vCont;c:p${two}.-1`), [`W00;process:${two}`]);
        assert.deepEqual(await stopsOf(client, other, 'vCont;c'), [`X09;process:${one}`]);
      }));

    it('has its first thread for what is left of several', () =>
      withClient(mode, async (client) => {
        const path = await compileFixed('workers', ['-pthread']);
        const started = symbolValue(path, 'started').toString(16);
        const one = await run(client, path, '2');
        assert.equal(await client.request(`Z0,${started},${breakpointKind}`), 'OK');
        const [hit = ''] = await stopsOf(client, mode, 'vCont;c');
        assert.equal(stopKeys(hit).get('thread'), `p${one}.${one}`);
        if (mode === 'non-stop') {
          assert.equal(await client.request('vCont;t'), 'OK');
          const stops: string[] = [];
          while (stops.length < 2) stops.push(...(await client.stops()));
        }
        const registers = await client.request('g');
        await killFromOutside(client, one);
        assert.deepEqual(client.unreadNotifications, []);
        assert.equal(await client.request('qfThreadInfo'), `mp${one}.${one}`);
        assert.equal(await client.request('g'), registers);
        assert.deepEqual(await stopsOf(client, mode, 'vCont;c'), [`X09;process:${one}`]);
      }));
  });
}

describe('the end of a process in non-stop', () => {
  it('is told at once when a thread of it ran for the client', () =>
    withClient('non-stop', async (client) => {
      const path = await compileFixed('workers', ['-pthread']);
      const started = symbolValue(path, 'started').toString(16);
      const one = await run(client, path, '2');
      assert.equal(await client.request(`Z0,${started},${breakpointKind}`), 'OK');
      await stopsOf(client, 'non-stop', 'vCont;c');
      await killFromOutside(client, one);
      assert.deepEqual(await client.stops(), [`X09;process:${one}`]);
      assert.equal(await client.request('qfThreadInfo'), 'l');
    }));

  it('waits for a resume also when the stop before it was not acknowledged', () =>
    withClient('non-stop', async (client) => {
      const path = await compileFixed('stepping');
      const one = await run(client, path);
      assert.equal(await client.request('vCont;s'), 'OK');
      assert.match(await client.stopNotification(), /^T05/);
      await killFromOutside(client, one);
      assert.equal(await client.request('vStopped'), 'OK');
      assert.equal(await client.request(`Hgp${one}.${one}`), 'OK');
      assert.match(await client.request('?'), /^T05/);
      assert.equal(await client.request('vStopped'), 'OK');
      assert.deepEqual(await stopsOf(client, 'non-stop', 'vCont;c'), [`X09;process:${one}`]);
    }));
});

it('a client that is lost before it is told of an end leaves nothing of it', async () => {
  const { server, lines } = newServer({ multi: true });
  try {
    const client = new WireClient(server);
    await client.greet();
    assert.equal(await client.request('!'), 'OK');
    await killFromOutside(client, await run(client, await compileFixed('stepping')));
    assert.ok(lines.some((line) => /SIGKILL/.test(line)));
    client.disconnect();
    const next = new WireClient(server);
    await next.greet();
    assert.equal(await next.request('?'), 'W00');
    assert.equal(await next.request('qfThreadInfo'), 'l');
  } finally {
    server.dispose();
  }
});

describe('an interrupt with several processes', () => {
  it('waits for the process that came last while another one takes a step', () =>
    withClient('all-stop', async (client) => {
      const path = await compileFixed('busy', ['-pthread']);
      const one = await run(client, path, 'spin');
      const two = await run(client, path, 'spin');
      client.send(`vCont;s:p${one}.${one}`);
      client.interrupt();
      const step = await client.reply();
      assert.match(step, /^T05/);
      assert.equal(stopKeys(step).get('thread'), `p${one}.${one}`);
      const interrupted = await client.request('vCont;c');
      assert.match(interrupted, /^T02/);
      assert.equal(stopKeys(interrupted).get('thread'), `p${two}.${two}`);
    }));

  for (const isRepeated of [false, true]) {
    it(`${isRepeated ? 'that is repeated stops' : 'does not cut short'} the step of another one`, () =>
      withClient('all-stop', async (client) => {
        const path = await compileFixed('busy', ['-pthread']);
        const one = await run(client, path, 'sleep');
        const two = await run(client, path, 'spin');
        assert.equal(await client.request(`QCatchSyscalls:1;${pauseNumber}`), 'OK');
        assert.equal(await client.request(`Hgp${one}.${one}`), 'OK');
        assert.equal(await client.request(`QCatchSyscalls:1;${pauseNumber}`), 'OK');
        assert.match(await client.request(`vCont;c:p${one}.-1`), /^T05.*syscall_entry/);
        assert.equal(await client.request('QCatchSyscalls:0'), 'OK');
        client.send(`vCont;s:p${one}.${one}`);
        const stepping = Number.parseInt(one, 16);
        await eventually('it waits in the call', () => processState(stepping) === 'S');
        client.interrupt();
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
        if (isRepeated) client.interrupt();
        // It takes the thread out of the call, where its step ends.
        else process.kill(stepping, 'SIGUSR1');
        const stop = await client.reply();
        assert.match(stop, isRepeated ? /^T02/ : /^T05/);
        assert.equal(stopKeys(stop).get('thread'), `p${one}.${one}`);
        if (isRepeated) return;
        const interrupted = await client.request('vCont;c');
        assert.match(interrupted, /^T02/);
        assert.equal(stopKeys(interrupted).get('thread'), `p${two}.${two}`);
      }));
  }

  it('stops another one that runs alone', () =>
    withClient('all-stop', async (client) => {
      const path = await compileFixed('busy', ['-pthread']);
      const one = await run(client, path, 'spin');
      await run(client, path, 'spin');
      client.send(`vCont;c:p${one}.-1`);
      client.interrupt();
      const interrupted = await client.reply();
      assert.match(interrupted, /^T02/);
      assert.equal(stopKeys(interrupted).get('thread'), `p${one}.${one}`);
    }));
});

describe('vAttach in non-stop', () => {
  it('is answered OK and stops nothing; t stops every thread', () =>
    withClient('non-stop', async (client) => {
      const path = await compileFixed('workers', ['-pthread']);
      using program = startOrphan(path, ['3']);
      await eventually('its threads are there', () => processState(program.pid) === 'S');
      const id = program.pid.toString(16);
      assert.equal(await client.request(`vAttach;${id}`), 'OK');
      assert.equal(tracerOf(program.pid) > 0, true);
      assert.equal(await client.request('?'), 'OK');
      const threads = (await client.request('qfThreadInfo')).slice(1).split(',');
      assert.equal(await client.request(`vCont;t:p${id}.-1`), 'OK');
      const stops: string[] = [];
      while (stops.length < threads.length) stops.push(...(await client.stops()));
      for (const stop of stops) assert.match(stop, /^T00/);
      assert.deepEqual(stops.map((stop) => stopKeys(stop).get('thread')).sort(), [...threads].sort());
      assert.equal(await client.request(`D;${id}`), 'OK');
      assert.equal(tracerOf(program.pid), 0);
    }));
});

describe('a program that the server attached to of itself', () => {
  it('has one stopped thread for the first client if that is in non-stop; the others run', async () => {
    const path = await compileFixed('workers', ['-pthread']);
    using program = startOrphan(path, ['3']);
    await eventually('its threads are there', () => threadsOf(program.pid).length === 4);
    const { server } = newServer();
    try {
      await server.attach(program.pid);
      const client = new WireClient(server);
      await client.greet();
      assert.equal(await client.request('QNonStop:1'), 'OK');
      const id = program.pid.toString(16);
      assert.equal(stopKeys(await client.request('?')).get('thread'), `p${id}.${id}`);
      assert.equal(await client.request('vStopped'), 'OK');
      assert.equal(await client.request(`vCont;t:p${id}.-1`), 'OK');
      const stops: string[] = [];
      while (stops.length < 3) stops.push(...(await client.stops()));
      for (const stop of stops) assert.match(stop, /^T00/);
      client.disconnect();

      const next = new WireClient(server);
      await next.greet();
      assert.equal(await next.request('QNonStop:1'), 'OK');
      assert.match(await next.request('?'), /^T05/);
      for (let count = 0; count < 3; count++) assert.match(await next.request('vStopped'), /^T05/);
      assert.equal(await next.request('vStopped'), 'OK', 'all of them stay as the first client left them');
      assert.equal(await next.request(`D;${id}`), 'OK');
    } finally {
      server.dispose();
    }
  });

  it('is held as a whole in all-stop', async () => {
    const path = await compileFixed('workers', ['-pthread']);
    using program = startOrphan(path, ['3']);
    await eventually('its threads are there', () => threadsOf(program.pid).length === 4);
    const { server } = newServer();
    try {
      await server.attach(program.pid);
      const client = new WireClient(server);
      await client.greet();
      assert.match(await client.request('?'), /^T05/);
      for (const tid of threadsOf(program.pid)) assert.equal(processState(tid), 't');
      // It has been told: it is no first contact any more.
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.match(await client.request('?'), /^T05/);
      for (let count = 0; count < 3; count++) assert.match(await client.request('vStopped'), /^T05/);
      assert.equal(await client.request('vStopped'), 'OK');
    } finally {
      server.dispose();
    }
  });
});
