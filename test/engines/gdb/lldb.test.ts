/** What only LLDB asks for, as a session hears it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { arch, hostname } from 'node:os';
import {
  asciiBytes,
  hexOf,
  type LldbStop,
  parseReply,
  parseStopReply,
  readLldbStop,
} from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { describeOn } from '../../support/machine.js';
import { breakpointKind } from '../../support/machine-registers.js';
import {
  bigintOfHex,
  newServer,
  type SessionOptions,
  stopKeys,
  type TracedSession,
  withSession,
} from './traced-session.js';
import { lldbTokens, WireClient } from './wire-client.js';

/** What LLDB 19 asks for before it looks at the process. */
async function agree(client: WireClient): Promise<void> {
  for (const packet of ['QThreadSuffixSupported', 'QListThreadsInStopReply', 'QEnableErrorStrings'])
    assert.equal(await client.request(packet), 'OK');
}

function withLldb(
  fixture: string,
  options: SessionOptions,
  test: (session: TracedSession) => Promise<void>,
): Promise<void> {
  return withSession(fixture, { tokens: lldbTokens, ...options }, async (session) => {
    await agree(session.client);
    await test(session);
  });
}

/** The keys of a stop reply that are LLDB's own. */
function lldbKeys(reply: string): LldbStop {
  const stop = parseStopReply(reply);
  assert.ok(stop.kind === 'signal', reply);
  return readLldbStop(stop.extras ?? []);
}

async function threads(client: WireClient) {
  const reply = parseReply('jThreadsInfo', asciiBytes(await client.request('jThreadsInfo')));
  assert.ok(reply.kind === 'threads');
  return reply.threads;
}

describe('lldb session: the connection', () => {
  it('numbers signals as the kernel does, which is announced to LLDB alone', async () => {
    await withSession('signals', { tokens: 'none' }, async ({ client }) => {
      assert.match(await client.greet(lldbTokens), /native-signals\+/);
    });
    await withSession('signals', { tokens: 'none' }, async ({ client }) => {
      assert.doesNotMatch(await client.greet('multiprocess+'), /native-signals/);
    });
  });

  it('echoes, and fills replies of any size', () =>
    withLldb('stepping', {}, async ({ client }) => {
      assert.equal(await client.request('qEcho:17'), 'qEcho:17');
      assert.equal(await client.request('qSpeedTest:response_size:5;data:abc'), 'data:aaaaa');
      assert.match(await client.request('qSpeedTest:response_size:fffffff;'), /^E16;/);
      assert.equal(await client.request('qStructuredDataPlugins'), '[]');
      assert.equal(await client.request('jThreadExtendedInfo:'), '');
    }));

  it('has texts in errors once they are agreed on', () =>
    withSession('stepping', { tokens: lldbTokens }, async ({ client }) => {
      assert.equal(await client.request('m10,1'), 'E0e');
      await agree(client);
      const reply = parseReply('m', asciiBytes(await client.request('m10,1')));
      assert.deepEqual(reply, { kind: 'error', number: 14, text: 'cannot read memory at 0x10' });
    }));

  it('sends memory without a `b` after `x0,0`', () =>
    withLldb('stepping', {}, async ({ client, symbol }) => {
      assert.equal(await client.request(`x${symbol('factorial')},0`), 'b');
      assert.equal(await client.request('x0,0'), 'OK');
      const bytes = await client.request(`m${symbol('factorial')},8`);
      const bare = await client.request(`x${symbol('factorial')},8`);
      assert.equal(hexOf(asciiBytes(bare)), bytes);
    }));

  it('answers k, and ends the connection then', () =>
    withLldb('stepping', {}, async ({ client, server, pid }) => {
      assert.equal(await client.request('k'), `X09;process:${pid.toString(16)}`);
      assert.equal(await server.finished, 0);
      assert.ok(client.isClosed);
    }));
});

describe('lldb session: the machine and the process', () => {
  it('tells of both', () =>
    withLldb('stepping', {}, async ({ client, pid }) => {
      const host = parseReply('qHostInfo', asciiBytes(await client.request('qHostInfo')));
      assert.ok(host.kind === 'facts');
      assert.match(host.facts.triple ?? '', arch() === 'x64' ? /^x86_64-pc-linux-gnu$/ : /^aarch64-/);
      assert.equal(host.facts.hostName, hostname());
      assert.equal(host.facts.pointerBytes, 8);
      const process = parseReply('qProcessInfo', asciiBytes(await client.request('qProcessInfo')));
      assert.ok(process.kind === 'facts');
      assert.equal(process.facts.pid, pid);
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      assert.equal(process.facts.parentPid, Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]));
      assert.equal(process.facts.effectiveUser, Number(/^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1]));
    }));

  it('has no process where there is none', async () => {
    const { server } = newServer({ multi: true });
    try {
      const client = new WireClient(server);
      await client.greet(lldbTokens);
      assert.match(await client.request('qProcessInfo'), /^E/);
      assert.match(await client.request('qHostInfo'), /triple:/);
    } finally {
      server.dispose();
    }
  });
});

describe('lldb session: signals', () => {
  it('have the numbers of the kernel', () =>
    withLldb('signals', { args: ['usr1', 'usr2'] }, async ({ client }) => {
      assert.match(await client.request('vCont;c'), /^T0a/);
      assert.equal(await client.request('QPassSignals:0c;0a'), 'OK');
      assert.match(await client.request('vCont;C0a'), /^W00/);
    }));
});

describe('lldb session: stops', () => {
  it('tells of every thread in the stop reply', () =>
    withLldb('workers', { args: ['4'] }, async ({ client, symbol, pid }) => {
      assert.equal(await client.request(`Z0,${symbol('work')},${breakpointKind}`), 'OK');
      const reply = await client.request('vCont;c');
      const stop = lldbKeys(reply);
      assert.equal(stop.reason, 'breakpoint');
      assert.ok(stop.threads?.includes(pid));
      assert.equal(stop.threads?.length, stop.threadPcs?.length);
      const hit = Number.parseInt(stopKeys(reply).get('thread')?.split('.')[1] ?? '', 16);
      assert.equal(stop.threadPcs?.[stop.threads?.indexOf(hit) ?? -1]?.toString(16), symbol('work'));
      assert.equal(stop.stopInfo?.find(({ tid }) => tid === hit)?.reason, 'breakpoint');
      const list = await threads(client);
      assert.deepEqual(
        list.map(({ tid }) => tid),
        stop.threads,
      );
      for (const { registers, memory } of list) {
        assert.ok((registers?.length ?? 0) > 20);
        assert.ok((memory?.[0]?.bytes.length ?? 0) > 0);
      }
      for (const thread of list) {
        const told = lldbKeys(await client.request(`qThreadStopInfo${thread.tid.toString(16)}`));
        assert.equal(told.reason, thread.reason);
      }
    }));

  it('tells of every hit at once, and of none of them again', () =>
    withLldb('workers', { args: ['6'] }, async ({ client, symbol }) => {
      assert.equal(await client.request(`Z0,${symbol('work')},${breakpointKind}`), 'OK');
      for (let stop = 0; stop < 5; stop += 1) {
        assert.match(await client.request('vCont;c'), /^T05/);
        const at = BigInt(`0x${symbol('work')}`);
        const list = await threads(client);
        const hits = list.filter(({ reason }) => reason === 'breakpoint');
        assert.ok(hits.length > 0);
        for (const { registers } of hits)
          assert.ok(registers?.some(({ value }) => bigintOfHex(hexOf(value)) === at));
      }
    }));

  it('says why: a step, a breakpoint, a signal', () =>
    withLldb('stepping', {}, async ({ client, symbol }) => {
      assert.equal(lldbKeys(await client.request('?')).reason, 'signal');
      assert.equal(lldbKeys(await client.request('vCont;s')).reason, 'trace');
      await client.request(`Z0,${symbol('factorial')},${breakpointKind}`);
      const reply = await client.request('vCont;c');
      assert.equal(lldbKeys(reply).reason, 'breakpoint');
    }));

  it('sends the memory around the stack pointer', () =>
    withLldb('stepping', {}, async ({ client, symbol, register }) => {
      await client.runTo(symbol('factorial'));
      const [{ memory } = {}] = await threads(client);
      const sp = await register('sp');
      const piece = memory?.find(
        ({ address, bytes }) => address <= sp && sp + 16n <= address + BigInt(bytes.length),
      );
      assert.ok(piece);
      const offset = Number(sp - piece.address);
      const sent = hexOf(piece.bytes.subarray(offset, offset + 16));
      assert.equal(sent, await client.request(`m${sp.toString(16)},10`));
    }));
});

describe('lldb session: registers', () => {
  it('names the thread behind the packet, whatever is selected', () =>
    withLldb('workers', { args: ['2'] }, async ({ client, symbol }) => {
      await client.request(`Z0,${symbol('work')},${breakpointKind}`);
      await client.request('vCont;c');
      const selected = await client.request('qC');
      for (const { tid, registers } of await threads(client)) {
        for (const { number, value } of registers ?? []) {
          const reply = await client.request(`p${number.toString(16)};thread:${tid.toString(16)};`);
          assert.equal(reply, hexOf(value));
        }
        assert.match(await client.request(`g;thread:${tid.toString(16)};`), /^[0-9a-fx]+$/);
      }
      assert.equal(await client.request('qC'), selected);
      assert.match(await client.request('p0;thread:7fffffff;'), /^E/);
    }));

  it('are put aside and put back once', () =>
    withLldb('stepping', {}, async ({ client, pid }) => {
      const thread = `;thread:${pid.toString(16)};`;
      const before = await client.request(`g${thread}`);
      const id = await client.request(`QSaveRegisterState${thread}`);
      assert.match(id, /^[1-9]\d*$/);
      assert.equal(await client.request(`P0=0123456789abcdef${thread}`), 'OK');
      assert.match(await client.request('vCont;s'), /^T05/);
      assert.notEqual(await client.request(`g${thread}`), before);
      assert.equal(await client.request(`QRestoreRegisterState:${id}${thread}`), 'OK');
      assert.equal(await client.request(`g${thread}`), before);
      assert.match(await client.request(`QRestoreRegisterState:${id}${thread}`), /^E10;/);
    }));
});

describe('lldb session: memory', () => {
  it('tells what is mapped, and the gaps', () =>
    withLldb('stepping', {}, async ({ client, symbol, register }) => {
      assert.equal(await client.request('qMemoryRegionInfo'), 'OK');
      const regionAt = async (at: string) => {
        const reply = parseReply(
          'qMemoryRegionInfo',
          asciiBytes(await client.request(`qMemoryRegionInfo:${at}`)),
        );
        assert.ok(reply.kind === 'region');
        return reply.region;
      };
      const text = await regionAt(symbol('factorial'));
      assert.equal(text.permissions, 'rx');
      assert.match(text.name ?? '', /stepping/);
      const gap = await regionAt('10');
      assert.equal(gap.permissions, undefined);
      assert.equal(gap.start, 0x10n);
      const next = await regionAt(((gap.start ?? 0n) + (gap.lengthBytes ?? 0n)).toString(16));
      assert.notEqual(next.permissions, undefined);
      const sp = await register('sp');
      assert.deepEqual((await regionAt(sp.toString(16))).types, ['stack']);
      const last = await regionAt('ffffffffffffffff');
      assert.equal((last.start ?? 0n) + (last.lengthBytes ?? 0n), 2n ** 64n);
    }));

  it('is mapped for the client and given back', () =>
    withLldb('stepping', {}, async ({ client }) => {
      const at = await client.request('_M1000,rwx');
      assert.match(at, /^[0-9a-f]+$/);
      assert.match(await client.request(`qMemoryRegionInfo:${at}`), /permissions:rwx;/);
      assert.equal(await client.request(`M${at},2:abcd`), 'OK');
      assert.equal(await client.request(`m${at},2`), 'abcd');
      assert.equal(await client.request(`_m${at}`), 'OK');
      assert.match(await client.request(`m${at},2`), /^E/);
      assert.match(await client.request(`_m${at}`), /^E0e;/);
      assert.match(await client.request('_M1000,rq'), /^E16;/);
      assert.match(await client.request('_M0,r'), /^E16;/);
    }));

  it('says where the loader leaves the list of libraries', () =>
    withLldb('stepping', {}, async ({ client, symbol }) => {
      await client.runTo(symbol('factorial'));
      const slot = await client.request('qShlibInfoAddr');
      const debug = bigintOfHex(await client.request(`m${slot},8`));
      // r_version of struct r_debug, <link.h>.
      assert.match(await client.request(`m${debug.toString(16)},4`), /^0[12]000000$/);
    }));

  it('says how many watchpoints there can be', () =>
    withLldb('stepping', {}, async ({ client }) => {
      assert.match(await client.request('qWatchpointSupportInfo:'), /^num:\d+;$/);
    }));
});

describeOn('x86_64', 'lldb session: faults and watchpoints on x86_64', () => {
  it('describes a fault with its address', () =>
    withLldb('signals', { args: ['segv'] }, async ({ client }) => {
      const reply = await client.request('vCont;c');
      assert.match(reply, /^T0b/);
      const { reason, description } = lldbKeys(reply);
      assert.equal(reason, 'signal');
      assert.equal(description, 'signal SIGSEGV: address not mapped to object (fault address=0x0)');
    }));

  it('names the watchpoint and the address', () =>
    withLldb('watch', {}, async ({ client, symbol }) => {
      const at = symbol('global');
      assert.equal(await client.request(`Z2,${at},4`), 'OK');
      const { reason, description } = lldbKeys(await client.request('vCont;c'));
      const decimal = BigInt(`0x${at}`);
      assert.equal(reason, 'watchpoint');
      assert.equal(description, `${decimal} 0 ${decimal}`);
    }));
});
