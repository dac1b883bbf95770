/** Breakpoints in text that is no file's, and where the memory behind an instruction cannot be read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { describe, it } from 'mocha';
import { numberOf } from '../../src/base/byte-order.js';
import { type Address, address } from '../../src/base/ids.js';
import { describeOn, thisMachine } from '../support/machine.js';
import { firstArgument } from '../support/machine-registers.js';
import { mappingsOf } from '../support/proc-files.js';
import { continueAll, launchFixture, type TracedProgram } from './traced-program.js';

const count = 50;
const [firstInstructionBytes, vdsoName] =
  thisMachine === 'aarch64' ? [4n, '__kernel_clock_gettime'] : [5n, '__vdso_clock_gettime'];

/** Stopped where the function is in its place; `placedAt` is its address. */
async function launchPlaced(mode: string): Promise<{ program: TracedProgram; placedAt: Address }> {
  const program = await launchFixture('unusual-text', [mode, `${count}`], { holdAt: ['breakpoint'] });
  const { attachment, engine } = program;
  const placed = program.symbol('placed');
  attachment.insertBreakpoint(placed);
  continueAll(attachment);
  const { thread } = await engine.next('breakpoint');
  attachment.removeBreakpoint(placed);
  engine.holdAt = new Set();
  const value = thread.readRegister(firstArgument);
  assert.ok(value);
  return { program, placedAt: address(numberOf(value)) };
}

/** Address of a function of the vdso. */
function vdsoFunction({ attachment }: TracedProgram, name: string): Address {
  const vdso = mappingsOf(attachment.process.pid).find(({ path }) => path === '[vdso]');
  assert.ok(vdso);
  const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
  const file = resolve(folder, 'vdso.so');
  writeFileSync(
    file,
    attachment.process.memory.readExact(address(vdso.start), Number(vdso.end - vdso.start)),
  );
  const symbols = execFileSync('nm', ['-D', file], { encoding: 'latin1' });
  rmSync(folder, { recursive: true });
  const offset = new RegExp(`^([0-9a-f]+) \\w ${name}(@|$)`, 'm').exec(symbols)?.[1];
  assert.ok(offset, symbols);
  return address(vdso.start + BigInt(`0x${offset}`));
}

async function hitsUntilEnd({ attachment, engine }: TracedProgram, at: Address): Promise<number> {
  attachment.insertBreakpoint(at);
  continueAll(attachment);
  const { status } = await engine.next('exit');
  assert.deepEqual(status, { kind: 'exited', code: 0 });
  return engine.count('breakpoint');
}

describe('a breakpoint', () => {
  it('in the vdso is hit once for each call', async () => {
    const { program } = await launchPlaced('clock');
    await using traced = program;
    assert.equal(await hitsUntilEnd(traced, vdsoFunction(traced, vdsoName)), count);
  });

  it('on the last instruction before the end of the memory is hit once for each execution', async () => {
    const { program, placedAt } = await launchPlaced('page-end');
    await using traced = program;
    assert.equal(await hitsUntilEnd(traced, address(placedAt + firstInstructionBytes)), count);
  });
});

describeOn('x86_64', 'a breakpoint that no page holds alone', () => {
  it('on an instruction whose second page is not there is hit once; the program gets its fault', async () => {
    const { program, placedAt } = await launchPlaced('straddling');
    await using traced = program;
    assert.equal(await hitsUntilEnd(traced, placedAt), count);
    const faults = traced.engine.events.filter((event) => event.kind === 'signal');
    assert.equal(faults.length, 1);
  });
});
