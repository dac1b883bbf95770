/** An instruction at a breakpoint that a signal interrupts, and that goes on when the handler returns, is hit once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import sinon from 'sinon';
import { kernelSignal } from '../../src/base/ids.js';
import { type Machine, programKinds } from '../support/machine.js';
import { thisModule } from '../support/machine-registers.js';
import { continueAll, launchFixture } from './traced-program.js';

const segv = kernelSignal(11);
const alarm = kernelSignal(14);
const virtualAlarm = kernelSignal(26);

interface Row {
  readonly mode: string;
  readonly symbol: string;
  readonly hitsEach: number;
}

const rows: readonly Row[] = [
  { mode: 'repaired', symbol: 'at_load', hitsEach: 1 },
  { mode: 'skipped', symbol: 'at_load', hitsEach: 1 },
  { mode: 'left', symbol: 'at_load', hitsEach: 1 },
  { mode: 'nested', symbol: 'at_load', hitsEach: 2 },
  { mode: 'restarted', symbol: 'at_read', hitsEach: 1 },
  { mode: 'string', symbol: 'at_copy', hitsEach: 1 },
];

/** How it is known that a handler has returned, where that depends on the CPU: `returnMark` of its module. */
interface Mark {
  readonly name: string;
  readonly bit: bigint;
}

const otherMarks: Readonly<Record<Machine, readonly Mark[]>> = {
  x86_64: [],
  i386: [],
  aarch64: [
    { name: 'PSTATE.SSBS', bit: 1n << 12n },
    { name: 'nothing but the frame', bit: 0n },
  ],
};

function rowsOf(machine: Machine): readonly Row[] {
  return machine === 'aarch64' ? rows.filter(({ mode }) => mode !== 'string') : rows;
}

async function checkHits({ mode, symbol, hitsEach }: Row, machine: Machine, passes: boolean): Promise<void> {
  const count = 12;
  await using program = await launchFixture('interrupted-instructions', [mode, String(count)], {
    machine,
    flags: ['-O1'],
  });
  const { attachment, engine } = program;
  if (passes) attachment.setPassSignals(new Set([segv, alarm, virtualAlarm]));
  attachment.insertBreakpoint(program.symbol(symbol));
  continueAll(attachment);
  const { status } = await engine.next('exit');
  assert.ok(status.kind === 'exited' && status.code >= count, JSON.stringify(status));
  assert.equal(engine.count('breakpoint'), status.code * hitsEach);
  assert.equal(engine.count('program-trap'), 0);
  assert.equal(engine.count('signal') === 0, passes);
}

for (const machine of programKinds) {
  for (const passes of [true, false]) {
    describe(`${machine}: an interrupted instruction, its signals ${passes ? 'passed' : 'told of'}`, () => {
      for (const row of rowsOf(machine))
        it(`${row.mode}: ${row.hitsEach} of it for each execution`, () => checkHits(row, machine, passes));
    });
  }
  for (const { name, bit } of otherMarks[machine]) {
    describe(`${machine}: an interrupted instruction on a CPU where ${name} tells of handlers’ returns`, () => {
      before(() => sinon.stub(thisModule, 'returnMark').returns(bit));
      after(() => sinon.restore());

      // A handler that is left says nothing; and this program comes back with the very same registers.
      for (const row of rowsOf(machine).filter(({ mode }) => bit !== 0n || mode !== 'left'))
        it(`${row.mode}: ${row.hitsEach} of it for each execution`, () => checkHits(row, machine, true));
    });
  }
}
