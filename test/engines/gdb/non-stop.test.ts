import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { breakpointKind } from '../../support/machine-registers.js';
import { endProcess, stopKeys, type TracedSession, withSession } from './traced-session.js';

const byThread = (replies: readonly string[]): ReadonlyMap<string, string> =>
  new Map(replies.map((reply) => [stopKeys(reply).get('thread') ?? '', reply]));

/** Three workers and the leader, all stopped: the workers at work(), the leader wherever it was. */
async function atWork(
  test: (
    session: TracedSession & { readonly leader: string; readonly workers: readonly string[] },
  ) => Promise<void>,
): Promise<void> {
  await withSession('workers', { args: ['3'], flags: ['-pthread'] }, async (session) => {
    const { client, symbol, pid } = session;
    const leader = `p${pid.toString(16)}.${pid.toString(16)}`;
    assert.equal(await client.request('QNonStop:1'), 'OK');
    assert.match(await client.request('?'), /^T05/);
    assert.equal(await client.request('vStopped'), 'OK');
    assert.equal(await client.request(`Z0,${symbol('work')},${breakpointKind}`), 'OK');
    assert.equal(await client.request('vCont;c'), 'OK');
    const workers = new Set<string>();
    while (workers.size < 3) {
      for (const [thread, reply] of byThread(await client.stops())) {
        assert.match(reply, /^T05.*swbreak:;/);
        workers.add(thread);
      }
    }
    assert.equal(await client.request('vCont;t'), 'OK');
    assert.deepEqual([...byThread(await client.stops()).keys()], [leader]);
    await test({ ...session, leader, workers: [...workers] });
  });
}

describe('non-stop: QNonStop', () => {
  it('takes 0 and 1', async () => {
    await withSession('workers', {}, async ({ client }) => {
      assert.equal(await client.request('QNonStop:0'), 'OK');
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.match(await client.request('QNonStop:2'), /^E/);
      assert.match(await client.request('QNonStop'), /^E/);
    });
  });

  it('back to all-stop stops every thread; what happened meanwhile is told by the next resume', async () => {
    await atWork(async ({ client, workers, symbol }) => {
      assert.equal(await client.request(`vCont;c:${workers[0]};c:${workers[1]}`), 'OK');
      await client.stopNotification();
      assert.equal(await client.request('QNonStop:0'), 'OK');
      const [a = '', b = ''] = workers;
      assert.equal(await client.request(`Hg${a}`), 'OK');
      assert.match(await client.request('g'), /^[0-9a-f]/);
      assert.equal(await client.request(`Hg${b}`), 'OK');
      assert.match(await client.request('g'), /^[0-9a-f]/);
      assert.match(stopKeys(await client.request('vCont;c')).get('thread') ?? '', /^p/);
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
    });
  });
});

describe('non-stop: D', () => {
  it('leaves the client time to take note of the end that it was told of', async () => {
    await atWork(async ({ client, leader, pid }) => {
      assert.equal(await client.request(`vCont;c:${leader}`), 'OK');
      endProcess(pid);
      assert.match(await client.stopNotification(), /^X09/);
      assert.equal(await client.request(`D;${pid.toString(16)}`), 'OK');
      assert.equal(await client.request('vStopped'), 'OK');
      assert.equal(client.isClosed, true);
    });
  });
});

describe('non-stop: vCont', () => {
  it('answers OK at once; stops are notified one by one and acknowledged by vStopped', async () => {
    await atWork(async ({ client, workers }) => {
      assert.equal(await client.request('vCont;c'), 'OK');
      const first = await client.stopNotification();
      const rest: string[] = [];
      // The others hit the breakpoint as well, and wait for their turn.
      while (rest.length < 2) {
        assert.deepEqual(client.unreadNotifications, []);
        const next = await client.request('vStopped');
        if (next === 'OK') rest.push(await client.stopNotification());
        else rest.push(next);
      }
      assert.equal(await client.request('vStopped'), 'OK');
      assert.deepEqual([...byThread([first, ...rest]).keys()].sort(), [...workers].sort());
      assert.equal(await client.request('vStopped'), 'OK');
    });
  });

  it('resumes no thread whose stop is not acknowledged', async () => {
    await atWork(async ({ client, workers: [worker = ''] }) => {
      assert.equal(await client.request(`vCont;c:${worker}`), 'OK');
      const stop = await client.stopNotification();
      assert.equal(stopKeys(stop).get('thread'), worker);
      assert.equal(await client.request(`vCont;c:${worker}`), 'OK');
      assert.equal(await client.request(`vCont;t:${worker}`), 'OK');
      assert.equal(await client.request('vStopped'), 'OK');
      assert.deepEqual(client.unreadNotifications, []);
      assert.equal(await client.request(`Hg${worker}`), 'OK');
      assert.match(await client.request('g'), /^[0-9a-f]/);
    });
  });

  it('steps one thread while others run', async () => {
    await atWork(async ({ client, workers: [stepper = '', runner = ''], symbol }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`vCont;s:${stepper};c:${runner}`), 'OK');
      assert.deepEqual([...byThread(await client.stops()).keys()], [stepper]);
      const at = BigInt(`0x${symbol('work')}`);
      const range = `${at.toString(16)},${(at + 4n).toString(16)}`;
      assert.equal(await client.request(`vCont;r${range}:${stepper}`), 'OK');
      const [stop = ''] = await client.stops();
      assert.equal(stopKeys(stop).get('thread'), stepper);
      // The runner's registers cannot be read meanwhile, memory can.
      assert.equal(await client.request(`Hg${runner}`), 'OK');
      assert.match(await client.request('g'), /^E/);
      assert.match(await client.request(`m${symbol('counts')},8`), /^[0-9a-f]{16}$/);
      assert.equal(await client.request(`vCont;t:${runner}`), 'OK');
      const [held = ''] = await client.stops();
      assert.match(held, /^T00/);
      assert.equal(stopKeys(held).get('thread'), runner);
      assert.match(await client.request('g'), /^[0-9a-f]/);
    });
  });

  it('t stops what runs with signal 0, and says nothing of what is stopped', async () => {
    await atWork(async ({ client, workers: [runner = ''], symbol }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`vCont;c:${runner}`), 'OK');
      assert.equal(await client.request('vCont;t'), 'OK');
      const stops = await client.stops();
      assert.deepEqual([...byThread(stops).keys()], [runner]);
      assert.match(stops[0] ?? '', /^T00/);
      assert.equal(await client.request('vCont;t'), 'OK');
      assert.equal(await client.request('vStopped'), 'OK');
      assert.deepEqual(client.unreadNotifications, []);
    });
  });

  it('delivers a signal, and tells of one', async () => {
    await atWork(async ({ client, workers: [worker = ''], symbol, pid }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      // SIGUSR1 is 30 in GDB's numbering; nothing handles it.
      assert.equal(await client.request(`vCont;C1e:${worker}`), 'OK');
      assert.deepEqual(await client.stops(), [`X1e;process:${pid.toString(16)}`]);
    });
  });

  it('new threads run', async () => {
    await withSession('workers', { args: ['2'], flags: ['-pthread'] }, async ({ client, symbol }) => {
      assert.equal(await client.request('QNonStop:1'), 'OK');
      assert.equal(await client.request(`Z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request('vCont;c'), 'OK');
      const seen = new Set<string>();
      while (seen.size < 2) for (const thread of byThread(await client.stops()).keys()) seen.add(thread);
    });
  });
});

describe('non-stop: ?', () => {
  it('reports every stopped thread, the first at once, and the others by vStopped', async () => {
    await atWork(async ({ client, workers, leader, symbol }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      const [runner = '', ...stopped] = workers;
      assert.equal(await client.request(`vCont;c:${runner}`), 'OK');
      const replies = [await client.request('?')];
      for (let next = ''; next !== 'OK'; ) {
        next = await client.request('vStopped');
        if (next !== 'OK') replies.push(next);
      }
      const stops = byThread(replies);
      assert.deepEqual([...stops.keys()].sort(), [leader, ...stopped].sort());
      assert.match(stops.get(leader) ?? '', /^T00/);
      for (const thread of stopped) assert.match(stops.get(thread) ?? '', /^T05.*swbreak:;/);
      assert.deepEqual(client.unreadNotifications, []);
    });
  });

  it('drops the notification in flight and tells of that stop again', async () => {
    await atWork(async ({ client, workers: [worker = ''], symbol }) => {
      assert.equal(await client.request('vCont;c'), 'OK');
      await client.stopNotification();
      const replies = [await client.request('?')];
      while (replies.at(-1) !== 'OK') replies.push(await client.request('vStopped'));
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.ok(replies.length >= 2, worker);
    });
  });

  it('is OK when nothing is stopped', async () => {
    await atWork(async ({ client, symbol }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request('vCont;c'), 'OK');
      assert.equal(await client.request('?'), 'OK');
    });
  });
});

describe('non-stop: vCtrlC', () => {
  it('stops one running thread with SIGINT', async () => {
    await atWork(async ({ client, symbol }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request('vCont;c'), 'OK');
      assert.equal(await client.request('vCtrlC'), 'OK');
      const stops = await client.stops();
      assert.equal(stops.length, 1);
      assert.match(stops[0] ?? '', /^T02/);
    });
  });

  it('that comes while nothing runs is kept for the next resume', async () => {
    await atWork(async ({ client, workers: [worker = ''], symbol }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request('vCtrlC'), 'OK');
      assert.equal(await client.request(`vCont;c:${worker}`), 'OK');
      const [stop = ''] = await client.stops();
      assert.match(stop, /^T02/);
      assert.equal(stopKeys(stop).get('thread'), worker);
    });
  });
});

describe('non-stop: the general thread', () => {
  it('does not move by a stop', async () => {
    await atWork(async ({ client, workers: [a = '', b = ''] }) => {
      assert.equal(await client.request(`Hg${a}`), 'OK');
      assert.equal(await client.request(`vCont;c:${b}`), 'OK');
      await client.stops();
      assert.equal(await client.request('qC'), `QC${a}`);
    });
  });
});

describe('non-stop: ends', () => {
  it('W by notification, and N when only held threads are left', async () => {
    await atWork(async ({ client, workers, leader, symbol, pid }) => {
      const [worker = ''] = workers;
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`M${symbol('leave')},c:${'01000000'.repeat(3)}`), 'OK');
      assert.equal(await client.request(`vCont;c:${worker}`), 'OK');
      assert.deepEqual(await client.stops(), ['N']);
      assert.equal(await client.request(`vCont;c`), 'OK');
      assert.deepEqual(await client.stops(), [`W03;process:${pid.toString(16)}`]);
      assert.equal(await client.request('?'), 'OK');
      assert.equal(await client.request('qfThreadInfo'), 'l', leader);
    });
  });

  it('D while threads run', async () => {
    await atWork(async ({ client, workers: [worker = ''], symbol, pid }) => {
      assert.equal(await client.request(`z0,${symbol('work')},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`vCont;c:${worker}`), 'OK');
      assert.equal(await client.request('!'), 'OK');
      assert.equal(await client.request(`D;${pid.toString(16)}`), 'OK');
      assert.equal(await client.request('qfThreadInfo'), 'l');
      assert.deepEqual(client.unreadNotifications, []);
      endProcess(pid);
    });
  });

  it('vKill while threads run', async () => {
    await atWork(async ({ client, pid }) => {
      assert.equal(await client.request('vCont;c'), 'OK');
      await client.stopNotification();
      assert.equal(await client.request('!'), 'OK');
      assert.equal(await client.request(`vKill;${pid.toString(16)}`), 'OK');
      // What was sent before is acknowledged still; nothing of the process follows.
      assert.equal(await client.request('vStopped'), 'OK');
      assert.equal(await client.request('?'), 'OK');
    });
  });
});
