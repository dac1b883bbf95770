import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { address, kernelSignal } from '../../src/base/ids.js';
import type { EventKind } from '../../src/core/index.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

const success = { kind: 'exited', code: 0 };

function launch(holdAt: readonly EventKind[] = []): Promise<TracedProgram> {
  return launchFixture('signal-paths', [], { flags: ['-O1', '-static', '-no-pie'], holdAt });
}

/** Every address that the program executes from main on, by steps that let its signals through. */
async function executed(): Promise<ReadonlySet<bigint>> {
  await using program = await launch(['step-done', 'signal', 'breakpoint']);
  const { attachment, engine } = program;
  attachment.insertBreakpoint(program.symbol('main'));
  continueAll(attachment);
  await engine.next('breakpoint');
  attachment.removeBreakpoint(program.symbol('main'));
  const [thread] = [...attachment.process.threads.values()];
  assert.ok(thread);
  const addresses = new Set<bigint>();
  for (;;) {
    addresses.add(thread.pc);
    attachment.resume([{ thread, action: { kind: 'step' } }]);
    const event = await engine.next('step-done', 'signal', 'exit');
    if (event.kind !== 'exit') continue;
    assert.deepEqual(event.status, success);
    return addresses;
  }
}

/** What the program gets, in order. */
async function signalsWith(sites: Iterable<bigint>, action: 'continue' | 'step'): Promise<readonly number[]> {
  await using program = await launch(action === 'step' ? ['step-done', 'signal', 'breakpoint'] : []);
  const { attachment, engine } = program;
  for (const site of sites) attachment.insertBreakpoint(address(site));
  const [thread] = [...attachment.process.threads.values()];
  assert.ok(thread);
  continueAll(attachment);
  const signals: number[] = [];
  for (;;) {
    const event = await engine.next('step-done', 'signal', 'breakpoint', 'exit');
    if (event.kind === 'signal') signals.push(event.signal);
    if (action === 'step') attachment.resume([{ thread, action: { kind: 'step' } }]);
    if (event.kind !== 'exit') continue;
    assert.deepEqual(event.status, success);
    return signals;
  }
}

describe('signals', () => {
  it('given to a thread that stopped for another reason reach it without a word, SIGTRAP as well', async () => {
    await using program = await launchFixture('spinner', ['1']);
    const { attachment, engine } = program;
    const [thread] = [...attachment.process.threads.values()];
    assert.ok(thread);
    continueAll(attachment);
    await attachment.quiesce();
    thread.signalOverride = kernelSignal(5);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit', 'signal')).kind, 'exit');
  });

  it('come as they would without us, with breakpoints everywhere and in steps', async () => {
    const plain = await signalsWith([], 'continue');
    assert.deepEqual(plain, [5, 5, 5, 5, 10, 12, 35, 35, 35, 4, 8, 11, 11]);
    const sites = await executed();
    assert.ok(sites.size > 300, `${sites.size} addresses`);
    assert.deepEqual(await signalsWith(sites, 'continue'), plain);
    assert.deepEqual(await signalsWith(sites, 'step'), plain);
  });
});
