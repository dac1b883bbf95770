/** lldb of an x86_64 machine on the server of an aarch64 one. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { bounded } from '../../support/bounded.js';
import { compileFixture, lineOf } from '../../support/fixture.js';
import { TestProcess } from '../../support/test-process.js';
import { type GuestSessionOptions, startServer, theGuest } from './guest-session.js';
import { sysrootOf } from './sysroot.js';

async function settingsFor(program: string, port: number): Promise<readonly string[]> {
  return [
    'settings set use-color false',
    'settings set symbols.enable-external-lookup false',
    'settings set plugin.process.gdb-remote.packet-timeout 60',
    `platform select remote-linux --sysroot ${await sysrootOf(theGuest())}`,
    `target create ${program}`,
    `gdb-remote localhost:${port}`,
  ];
}

async function runBatch(commands: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outstep-lldb-'));
  try {
    const script = join(folder, 'commands');
    await writeFile(script, [...commands, 'quit'].map((command) => `${command}\n`).join(''));
    await using lldb = await TestProcess.start('lldb', ['lldb-19', '-x', '-b', '-s', script], {
      env: { HOME: folder },
    });
    const exit = await bounded(lldb.exit, 60_000, () => `lldb's end\n${lldb.output.tail()}`);
    const { text } = lldb.output;
    assert.deepEqual(exit, { kind: 'exited', code: 0 }, text);
    // A command that fails ends the batch.
    assert.ok(text.includes('(lldb) quit'), text);
    return text;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Each command with what it has to print, in this order. */
async function debugWithLldb(
  fixture: string,
  options: GuestSessionOptions,
  steps: readonly (readonly [command: string, printed: RegExp])[],
): Promise<void> {
  const program = await compileFixture(fixture, { ...options.compile, machine: 'aarch64' });
  await using server = await startServer(['--once'], [program, ...(options.args ?? [])]);
  const settings = await settingsFor(program, server.port);
  const printed = await runBatch([...settings, ...steps.map(([command]) => command)]);
  let at = 0;
  for (const [command, wanted] of steps) {
    const prompt = `(lldb) ${command}\n`;
    const start = printed.indexOf(prompt, at);
    assert.ok(start >= 0, `${command} was not carried out:\n${printed}`);
    at = start + prompt.length;
    const end = printed.indexOf('(lldb) ', at);
    assert.match(printed.slice(at, end), wanted, `${command}\n${printed}\n${server.output.tail()}`);
  }
}

function stopAt(fixture: string, marker: string, reason = 'breakpoint'): RegExp {
  return new RegExp(`stop reason = ${reason}[\\s\\S]* at ${fixture}\\.c:${lineOf(fixture, marker)}`);
}

// No conditions and no calls: LLDB gives them up after half a second, which is not enough under emulation.
describe('aarch64 from outside: lldb', () => {
  it('breaks, steps, finishes, finds callers behind signed addresses, and sees the program end', () =>
    debugWithLldb('stepping', { compile: { flags: ['-mbranch-protection=standard'] } }, [
      ['breakpoint set --name twice', /Breakpoint 1: where = stepping`twice/],
      ['continue', stopAt('stepping', 'in-twice')],
      ['register read pc sp lr x0 cpsr', /x0 = 0x0000000000000003[\s\S]*cpsr = /],
      ['next', stopAt('stepping', 'return-twice', 'step over')],
      ['finish', /stop reason = step out[\s\S]*Return value: \(int\) \$0 = 6/],
      ['stepi', /stop reason = instruction step into/],
      ['breakpoint set --name factorial --ignore-count 4', /Breakpoint 2/],
      ['breakpoint delete 1', /1 breakpoints deleted/],
      ['continue', stopAt('stepping', 'in-factorial')],
      [
        'thread backtrace',
        /#0: .*factorial\(n=1\)[\s\S]*#4: .*factorial\(n=5\)[\s\S]*#5: .*main at[\s\S]*_start/,
      ],
      ['continue', /exited with status = 0/],
    ]));

  it('watches variables', () =>
    debugWithLldb('watch', {}, [
      ['breakpoint set --name main', /Breakpoint 1/],
      ['continue', /stop reason = breakpoint/],
      ['watchpoint set variable global', /Watchpoint created/],
      ['continue', /stop reason = watchpoint 1/],
      ['print global', /\(int\) 2/],
      ['watchpoint delete 1', /1 watchpoints deleted/],
      ['watchpoint set variable --watch read constant', /Watchpoint created/],
      ['continue', /stop reason = watchpoint 2/],
      ['watchpoint delete 2', /1 watchpoints deleted/],
      ['continue', /exited with status = 0/],
    ]));

  it('has floating-point arguments and results, in vectors that they are part of', () =>
    debugWithLldb('inferior-calls', { compile: { flags: ['-lm'] } }, [
      ['process handle --stop false --notify false --pass true SIGUSR2', /SIGUSR2 +true +false +false/],
      ['breakpoint set --name half', /Breakpoint 1/],
      ['continue', /stop reason = breakpoint/],
      ['register read d0 s0 v0', /d0 = 1\.5[\s\S]*v0 = \{0x00 0x00 0x00 0x00 0x00 0x00 0xf8 0x3f/],
      ['register write d0 5', /^$/],
      ['finish', /Return value: \(double\) \$0 = 2\.5/],
      ['breakpoint delete 1', /1 breakpoints deleted/],
      ['continue', /exited with status = 0/],
    ]));

  it('follows the length of vectors', () =>
    debugWithLldb(
      'aarch64-state',
      { compile: { flags: ['-march=armv8.5-a+sve+memtag'] }, args: ['vectors', '64', '16'] },
      [
        ['breakpoint set --name stop', /Breakpoint 1/],
        ['continue', /stop reason = breakpoint/],
        [
          'register read vg z31 p1',
          /vg = 0x0000000000000008[\s\S]*z31 = \{(?:0x1f ?){64}\}[\s\S]*p1 = 0x5{16}/,
        ],
        ['continue', /stop reason = breakpoint/],
        [
          'register read vg z31 p1',
          /vg = 0x0000000000000002[\s\S]*z31 = \{(?:0x1f ?){16}\}[\s\S]*p1 = 0x5555\n/,
        ],
        ['register read v31', /v31 = \{(?:0x1f ?){16}\}/],
        ['continue', /exited with status = 0/],
      ],
    ));

  it('reads and writes tags of memory, and is told of accesses with another tag', () =>
    debugWithLldb('aarch64-state', { compile: { flags: ['-march=armv8.5-a+sve+memtag'] }, args: ['tags'] }, [
      ['breakpoint set --name stop', /Breakpoint 1/],
      ['continue', /stop reason = breakpoint/],
      ['memory tag read tagged tagged+4', /Logical tag: 0x9[\s\S]*: 0x9\n[\s\S]*: 0x3 \(mismatch\)/],
      ['memory tag write tagged 6', /^$/],
      ['continue', /stop reason = signal SIGSEGV: sync tag check fault \(fault address=0x9/],
    ]));
});
