/** Clients that are cut off anywhere in what they say, one upon the other: the process is as it was, and so is the server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { asciiBytes, asciiText, encodePacket } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { symbolValue } from '../core/traced-program.js';
import { DebugServer } from '../support/debug-server.js';
import { compileFixture } from '../support/fixture.js';
import { breakpointKind } from '../support/machine-registers.js';
import { eventually, executableText, isSameText, processState, tracerOf } from '../support/proc-files.js';
import { Random } from '../support/random.js';
import { connectRaw } from '../support/raw-client.js';
import { TestProcess } from '../support/test-process.js';

/** `OUTSTEP_LOST_CLIENTS=1000` for more of them. */
const clients = Number(process.env.OUTSTEP_LOST_CLIENTS ?? 100);
/** Then the server has open what it opens once. */
const warmUp = 20;
const threads = 4;
/** How long one may be there, in milliseconds: some are lost in an attach, some in a run. */
const longestStayMs = 20;

/** Without it the server ends when its client goes, as gdbserver does. */
const greeting = encodePacket(asciiBytes('!'));

/** Says a part of a session, and resets the connection some time later. */
async function loseClient(port: number, session: Uint8Array, random: Random): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const cut = 1 + random.below(session.length);
  socket.write(greeting);
  socket.write(session.subarray(0, cut));
  await setTimeout(random.below(longestStayMs));
  socket.resetAndDestroy();
}

function framed(packet: string): string {
  return asciiText(encodePacket(asciiBytes(packet)));
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

describe('clients that are lost in the midst of what they say', () => {
  it(`leave nothing: ${clients} of them`, async function () {
    this.timeout(60_000 + clients * 1000);
    const path = await compileFixture('hot-threads', { flags: ['-no-pie', '-pthread'] });
    await using program = await TestProcess.start('hot threads', [path, String(threads), '2000000000']);
    const tasks = `/proc/${program.pid}/task`;
    await eventually('all threads are there', () => readdirSync(tasks).length === 1 + threads);
    const before = executableText(program.pid);
    const server = await DebugServer.start(['--multi', '--on-disconnect=detach', 'localhost:0']);
    await using running = server.process;
    const hot = symbolValue(path, 'hot').toString(16);
    const pid = program.pid.toString(16);
    const packets = [
      'qSupported:swbreak+',
      `vAttach;${pid}`,
      `Z0,${hot},${breakpointKind}`,
      'vCont;c',
      'g',
      `z0,${hot},${breakpointKind}`,
      'vCont;c',
    ];
    const session = asciiBytes(packets.map(framed).join(''));
    const random = new Random(1);
    // On a busy machine none of those that are lost may come as far as the first breakpoint, whose sentinel stays.
    using whole = await connectRaw({ port: server.port, host: '127.0.0.1' });
    assert.equal(await whole.client.request('!'), 'OK');
    assert.match(await whole.client.request(`vAttach;${pid}`), /^T/);
    assert.equal(await whole.client.request(`Z0,${hot},${breakpointKind}`), 'OK');
    whole.socket.resetAndDestroy();
    for (let lost = 0; lost < warmUp; lost += 1) await loseClient(server.port, session, random);
    await eventually('it is let go', () => tracerOf(program.pid) === 0);
    const descriptors = descriptorsOf(running.pid);
    const under = new Set<Promise<void>>();
    for (let lost = 0; lost < clients; lost += 1) {
      const one = loseClient(server.port, session, random).finally(() => under.delete(one));
      under.add(one);
      if (random.below(3) > 0) await Promise.all(under);
    }
    await Promise.all(under);
    await eventually('it is let go', () => tracerOf(program.pid) === 0);
    assert.match(processState(program.pid) ?? '', /[RS]/);
    assert.ok(isSameText(program.pid, before));
    await eventually(
      `the server has ${descriptors} descriptors`,
      () => descriptorsOf(running.pid) <= descriptors,
    );
  });
});
