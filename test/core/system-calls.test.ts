/** What operations cost is counted in system calls, which do not depend on how busy the machine is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { firstArgument } from '../support/machine-registers.js';
import { projectRoot } from '../support/project-paths.js';

const testModule = pathToFileURL(resolve(projectRoot, 'dist/test/core/traced-program.js')).href;
const programsModule = pathToFileURL(resolve(projectRoot, 'dist/test/support/agent-program.js')).href;
const coreModule = pathToFileURL(resolve(projectRoot, 'dist/src/core/index.js')).href;
const counted = 'ptrace,wait4,waitid,rt_sigaction,process_vm_writev,pread64,pwrite64,timer_settime';
const files = 'openat,read,close,newfstatat,getdents64';

/** System calls of those kinds that a script makes, by name. */
function callsOf(body: string, folder: string, kinds: string): Map<string, number> {
  const script = resolve(folder, 'script.mjs');
  const summary = resolve(folder, 'summary');
  writeFileSync(
    script,
    `import { program as expression } from ${JSON.stringify(programsModule)};
     import { continueAll, launchFixture, symbolSize } from ${JSON.stringify(testModule)};
     ${body}
     globalThis.process.exit(0);`,
  );
  execFileSync('strace', ['-c', '-e', `trace=${kinds}`, '-o', summary, process.execPath, script], {
    stdio: 'ignore',
  });
  const lines = readFileSync(summary, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return new Map(
    lines.filter(([share]) => /^\d/.test(share ?? '')).map((line) => [line.at(-1) ?? '', Number(line[3])]),
  );
}

/** What one operation costs, from the difference between many and few of them. */
function costOf(bodyFor: (count: number) => string, kinds = counted): number {
  const folder = mkdtempSync(resolve(tmpdir(), 'outstep-'));
  const total = (count: number): number => {
    const calls = callsOf(bodyFor(count), folder, kinds);
    return [...calls].filter(([name]) => name !== 'total').reduce((sum, [, number]) => sum + number, 0);
  };
  const cost = (total(1200) - total(200)) / 1000;
  rmSync(folder, { recursive: true });
  return cost;
}

/** Instructions of a loop with one branch back, which is the first in the function. */
function loopLength(path: string, name: string): number {
  const text = execFileSync('objdump', ['-d', '--no-show-raw-insn', `--disassemble=${name}`, path], {
    encoding: 'latin1',
  });
  const lines = [...text.matchAll(/^\s*([0-9a-f]+):\t(\S+)\s*([0-9a-f]*)/gm)];
  const at = (line: number) => Number.parseInt(lines[line]?.[1] ?? '', 16);
  const back = lines.findIndex(([, , , target], line) => Number.parseInt(target ?? '', 16) < at(line));
  const head = lines.findIndex(([, address]) => address === lines[back]?.[3]);
  return back - head + 1;
}

describe('system calls', () => {
  it('of a step are four: step, wait, registers, siginfo', async () => {
    await compileFixture('spinner');
    const cost = costOf(
      (count) => `
        const program = await launchFixture('spinner', ['1'], { holdAt: ['step-done'] });
        const [thread] = [...program.attachment.process.threads.values()];
        for (let step = 0; step < ${count}; step++) {
          program.attachment.resume([{ thread, action: { kind: 'step' } }]);
          await program.engine.next('step-done');
        }`,
    );
    assert.ok(cost < 4.5, `${cost} system calls`);
  });

  it('of the names and processors of all threads are three each, and none where nothing has run', async () => {
    await compileFixture('spinner');
    const cost = costOf(
      (count) => `
        const program = await launchFixture('spinner', ['20'], { holdAt: ['step-done'] });
        const { attachment } = program;
        continueAll(attachment);
        for (let made = 1; made < 20; made++) await program.engine.next('clone');
        await attachment.quiesce();
        const threads = [...attachment.process.threads.values()];
        for (let round = 0; round < ${count} / 20; round++) {
          attachment.resume([{ thread: threads[0], action: { kind: 'step' } }]);
          await program.engine.next('step-done');
          for (let look = 0; look < 3; look++) attachment.process.stats.of(threads);
        }`,
      files,
    );
    assert.ok(cost > 2.5 && cost < 3.5, `${cost} system calls for each thread`);
  });

  it('of large reads are few, and of many small ones together', async () => {
    await compileFixture('large-memory', { flags: ['-no-pie'] });
    const transfers = 'process_vm_readv,pread64';
    const body = (loop: string) => (count: number) =>
      `
        const program = await launchFixture('large-memory', [], { flags: ['-no-pie'], holdAt: ['breakpoint'] });
        const { memory } = program.attachment.process;
        program.attachment.insertBreakpoint(program.symbol('ready'));
        continueAll(program.attachment);
        await program.engine.next('breakpoint');
        const area = program.symbol('area');
        for (let round = 0; round < ${count}; round++) ${loop};`;
    const large = costOf(body('memory.read(area, 1 << 20)'), transfers);
    assert.ok(large < 1.1, `${large} system calls for 1 MiB`);
    const ranges =
      'Array.from({ length: 5000 }, (_, index) => ({ address: area + BigInt(index * 64), lengthBytes: 8 }))';
    const many = costOf(body(`if (round % 100 === 0) memory.readMany(${ranges})`), transfers) * 100;
    assert.ok(many < 5.5, `${many} system calls for 5,000 ranges`);
  });

  it('of many breakpoints put in and taken out together are one write each, and one read for a thousand', async () => {
    await compileFixture('large-memory', { flags: ['-no-pie'] });
    const cost = costOf(
      (count) => `
        const program = await launchFixture('large-memory', [], { flags: ['-no-pie'], holdAt: ['breakpoint'] });
        const area = program.symbol('area');
        const addresses = Array.from({ length: ${count} }, (_, index) => area + BigInt(index * 64));
        program.attachment.insertBreakpoints(addresses.map((address) => ({ address })));
        program.attachment.removeBreakpoints(addresses);`,
      'process_vm_readv,pread64,pwrite64',
    );
    assert.ok(cost < 2.1, `${cost} system calls for each breakpoint`);
  });

  it('of all registers of threads are none for those that nobody asks about', async () => {
    await compileFixture('spinner');
    const look = (picked: string) => (count: number) =>
      `
        const program = await launchFixture('spinner', ['20'], { holdAt: ['step-done'] });
        const { attachment } = program;
        continueAll(attachment);
        for (let made = 1; made < 20; made++) await program.engine.next('clone');
        await attachment.quiesce();
        const threads = [...attachment.process.threads.values()];
        const { registers } = attachment.process.registerFile;
        for (let round = 0; round < ${count} / 20; round++)
          for (const thread of threads.slice(0, ${picked})) {
            thread.forgetRegisters();
            for (const register of registers) thread.readRegister(register);
          }`;
    const all = costOf(look('20'), 'ptrace');
    const one = costOf(look('1'), 'ptrace');
    assert.ok(all <= 3.1, `${all} ptrace calls for each thread`);
    assert.ok(one <= 3.1 / 20, `${one * 20} ptrace calls for one of 20 threads`);
  });

  it('of a batch of registers are those of the threads in it, among a thousand', async () => {
    await compileFixture('blocked-threads', { flags: ['-pthread'] });
    const rounds = (count: number) => count / 200;
    const body = (picked: number) => (count: number) =>
      `
        const { readRegisters } = await import(${JSON.stringify(coreModule)});
        const program = await launchFixture('blocked-threads', ['1000'], { flags: ['-pthread'] });
        const { attachment } = program;
        const { process } = attachment;
        continueAll(attachment);
        while (process.threads.size < 1000) await new Promise((wake) => setImmediate(wake));
        await attachment.quiesce();
        const threads = [...process.threads.values()].slice(0, ${picked});
        const { registers } = process.registerFile;
        const requests = threads.flatMap((thread) => registers.map(({ name }) => ({ thread, register: name })));
        for (let round = 0; round < ${rounds(count)}; round++) {
          for (const thread of threads) thread.forgetRegisters();
          readRegisters(requests);
        }`;
    const perRound = (picked: number) =>
      (costOf(body(picked), 'ptrace') * 1000) / (rounds(1200) - rounds(200));
    const all = perRound(1000);
    const one = perRound(1);
    assert.ok(all <= 3100, `${all} ptrace calls for 1,000 threads`);
    assert.ok(one <= 100, `${one} ptrace calls for one of 1,000 threads`);
  });

  it('of a block step are those of its steps, and one that reads the block', async () => {
    const path = await compileFixture('ranges', { flags: ['-O1'] });
    const body = (count: number) => `
        const program = await launchFixture('ranges', ['plain', '2000'], {
          flags: ['-O1'],
          holdAt: ['breakpoint', 'step-done'],
        });
        const start = program.symbol('plain');
        program.attachment.insertBreakpoint(start);
        continueAll(program.attachment);
        const { thread } = await program.engine.next('breakpoint');
        program.attachment.removeBreakpoint(start);
        for (let steps = 0; steps < ${count}; steps++) {
          program.attachment.resume([{ thread, action: { kind: 'block-step' } }]);
          await program.engine.next('step-done');
        }`;
    const steps = loopLength(path, 'plain');
    const cost = costOf(body);
    assert.ok(cost < 4 * steps + 2.5, `${cost} system calls for ${steps} steps`);
  });

  it('of a range step do not grow with the rounds of the loop', async () => {
    await compileFixture('ranges', { flags: ['-O1'] });
    const cost = costOf(
      (count) => `
        const program = await launchFixture('ranges', ['plain', '${count}'], {
          flags: ['-O1'],
          holdAt: ['breakpoint', 'step-done'],
        });
        const start = program.symbol('plain');
        program.attachment.insertBreakpoint(start);
        continueAll(program.attachment);
        const { thread } = await program.engine.next('breakpoint');
        const action = { kind: 'range-step', start, end: start + symbolSize(program.path, 'plain') };
        program.attachment.resume([{ thread, action }]);
        await program.engine.next('step-done');
        continueAll(program.attachment);
        await program.engine.next('exit');`,
    );
    assert.ok(cost < 0.05, `${cost} system calls for each round`);
  });

  it('of a hit that is passed are seven at most, with one stop', async () => {
    await compileFixture('hot-threads', { flags: ['-O1'] });
    const cost = costOf(
      (count) => `
        const program = await launchFixture('hot-threads', ['1', '${count}'], { flags: ['-O1'] });
        program.attachment.insertBreakpoint(program.symbol('hot'));
        continueAll(program.attachment);
        await program.engine.next('exit');`,
    );
    assert.ok(cost < 7.5, `${cost} system calls`);
  });

  it('of a call that nobody catches are none while another one is caught', async () => {
    await compileFixture('system-calls', { flags: ['-no-pie', '-pthread'] });
    const cost = costOf(
      (count) => `
        const program = await launchFixture('system-calls', ['call', '${count}'], { flags: ['-no-pie', '-pthread'] });
        program.attachment.setCaughtSystemCalls(new Set([35]));
        continueAll(program.attachment);
        await program.engine.next('exit');`,
    );
    assert.ok(cost < 0.5, `${cost} system calls`);
  });

  for (const threads of [1, 8])
    it(`of a hit with a false condition are five, with ${threads} threads`, async () => {
      await compileFixture('hot-threads', { flags: ['-O0'] });
      const cost = costOf(
        (count) => `
        const program = await launchFixture('hot-threads', ['${threads}', '${count}'], { flags: ['-O0'] });
        const conditions = [expression(['reg', ${firstArgument.number}], ['const32', 1000000], 'equal')];
        program.attachment.insertBreakpoint(program.symbol('hot'), { conditions });
        continueAll(program.attachment);
        await program.engine.next('exit');`,
      );
      assert.ok(cost / threads < 6.5, `${cost / threads} system calls`);
    });
});
