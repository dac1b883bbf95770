/** Faults that no program can be made to provoke when they are wanted. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { address } from '../../src/base/ids.js';
import { continueAll, launchFixture, usualKinds } from './traced-program.js';

const enomem = BigInt.asUintN(64, -12n);

describe('faults', () => {
  async function launchHot() {
    const program = await launchFixture('hot-threads', ['8', '25'], { flags: ['-O1'] });
    const start = program.symbol('hot');
    const { arch, memory } = program.attachment.process;
    const plan = arch.plan(memory.readExact(start, arch.planReach.fromBytes), start);
    assert.equal(plan.kind, 'slot', 'the fixture no longer begins with an instruction that needs a slot');
    program.attachment.insertBreakpoint(start);
    return { program, inPlace: sinon.spy(program.tracer.native, 'stepInPlace') };
  }

  it('without memory of their own slots lie behind the text: no thread is held', async () => {
    const { program, inPlace } = await launchHot();
    await using _ = program;
    const { attachment, engine, tracer } = program;
    const call = sinon.stub(tracer.native, 'callSystem').returns(enomem);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 8 * 25);
    assert.equal(call.callCount, 1, 'it is tried once');
    assert.equal(inPlace.callCount, 0);
  });

  it('without slots every hit is still counted: threads are held and stepped in place, which is said once', async () => {
    const { program, inPlace } = await launchHot();
    await using _ = program;
    const { attachment, engine, tracer } = program;
    const { slots } = attachment.process.addressSpace;
    const place = sinon.stub(slots, 'place').returns({ kind: 'none', reason: 'no room at all' });
    const warn = sinon.stub(tracer, 'warn');
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 8 * 25);
    assert.equal(place.callCount, 1, 'it is tried once');
    assert.ok(inPlace.callCount >= 8 * 25);
    assert.equal(warn.callCount, 1);
    assert.match(
      String(warn.firstCall.args),
      new RegExp(`process ${attachment.process.pid} .*no room at all`),
    );
    assert.match(attachment.process.sites.describe(program.symbol('hot')) ?? '', /in place: no room at all/);
  });

  it('a thread that vanished before its registers were read has none, and its end is told', async () => {
    await using program = await launchFixture('hot-threads', ['2', '5']);
    const { attachment, engine, tracer } = program;
    const [thread] = [...attachment.process.threads.values()];
    assert.ok(thread);
    const gone = sinon.stub(tracer.native, 'getRegset').returns(undefined);
    assert.equal(thread.readRegister(attachment.process.registerFile.byRole('sp')), undefined);
    gone.restore();
    tracer.native.kill(attachment.process.pid);
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'killed', signal: 9 });
  });

  it('a breakpoint where memory cannot be written is refused and leaves nothing', async () => {
    await using program = await launchFixture('hot-threads', ['1', '5']);
    const { attachment, engine, tracer } = program;
    const at = program.symbol('hot');
    const write = sinon.stub(tracer.native, 'writeRanges').callsFake((_space, _addresses, lengths) => {
      lengths.fill(0);
    });
    assert.throws(() => attachment.insertBreakpoint(at), { code: 'OUTSTEP_MEMORY' });
    write.restore();
    assert.equal(attachment.hasBreakpoint(at), false);
    assert.throws(() => attachment.insertBreakpoint(address(0n)), { code: 'OUTSTEP_MEMORY' });
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
    assert.equal(engine.count('breakpoint'), 0);
  });

  it('a fork child that cannot be repaired is let go, with a warning, and the rest goes on', async () => {
    await using program = await launchFixture('families', ['fork'], { mask: [...usualKinds, 'fork'] });
    const { attachment, engine, tracer } = program;
    const warnings: string[] = [];
    tracer.warn = (message) => warnings.push(message);
    const copySpace = sinon.stub(tracer.native, 'copySpace').throws(new Error('out of descriptors'));
    attachment.insertBreakpoint(program.symbol('main'));
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 11 });
    assert.ok(copySpace.called);
    assert.equal(warnings.length, 1);
  });

  it('a watchpoint that the kernel refuses is refused when it is set', async () => {
    await using program = await launchFixture('hot-threads', ['2', '5']);
    const { attachment, engine } = program;
    const point = { kind: 'write', address: address(0xffffffff81000000n), lengthBytes: 8 } as const;
    assert.throws(() => attachment.insertHardwarePoint(point), { code: 'OUTSTEP_NO_DEBUG_REGISTER' });
    continueAll(attachment);
    assert.deepEqual((await engine.next('exit')).status, { kind: 'exited', code: 0 });
  });
});
