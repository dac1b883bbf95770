/** How many requests lldb makes for what users do: each is a round trip. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileFixture, lineOf } from '../support/fixture.js';
import { runLldb } from '../support/lldb.js';
import { isOwnServer, LldbServer } from '../support/lldb-server.js';
import { PacketCounter } from '../support/packet-counter.js';

/** Of lldb 19; LLDB's own server needs more. */
const budgets = { connect: 28, instruction: 2, line: 4, stepIn: 8, threads: 1 } as const;

/**
 * Before the program has run its stack is made of its arguments and its environment: lldb takes words of their text for
 * addresses, as many as there are in the right places. No program has memory there.
 */
const isAboutText = (packet: string): boolean => /^qMemoryRegionInfo:[0-9a-f]{13,}$/.test(packet);

function within(counter: PacketCounter, name: string, most: number): void {
  const packets = counter.packets(name).filter((packet) => !isAboutText(packet));
  assert.ok(packets.length > 0 || name === 'threads', `${name}: nothing was asked for`);
  if (isOwnServer) assert.ok(packets.length <= most, `${name}: ${packets.length}\n${packets.join('\n')}`);
}

for (const workers of [0, 8]) {
  describe(`lldb: requests, ${workers + 1} threads`, () => {
    it('are few', async () => {
      const path = await compileFixture('stepped-threads');
      await using server = await LldbServer.startProgram(path, [String(workers)]);
      await using counter = await PacketCounter.start(server.port);
      const outputs = await runLldb([
        `file ${path}`,
        counter.connect,
        counter.mark('run'),
        `breakpoint set --file stepped-threads.c --line ${lineOf('stepped-threads', 'start')}`,
        'continue',
        'breakpoint delete 1',
        counter.mark('first'),
        'thread step-inst',
        counter.mark('instruction'),
        'thread step-inst',
        counter.mark('to-line'),
        'next',
        counter.mark('line'),
        'next',
        counter.mark('in'),
        'step',
        counter.mark('threads'),
        'thread list',
        counter.mark('end'),
      ]);
      assert.match(outputs[4] ?? '', /stop reason = breakpoint 1\.1/);
      assert.match(outputs[9] ?? '', /stop reason = instruction step/);
      assert.match(outputs[13] ?? '', /stop reason = step over/);
      assert.match(outputs[15] ?? '', /stepped-threads`callee/);
      assert.equal(outputs[17]?.match(/thread #/g)?.length, workers + 1);
      within(counter, 'start', budgets.connect);
      within(counter, 'instruction', budgets.instruction);
      within(counter, 'line', budgets.line);
      within(counter, 'in', budgets.stepIn);
      within(counter, 'threads', budgets.threads);
    });
  });
}
