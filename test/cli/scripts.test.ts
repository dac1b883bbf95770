/** `outstep script`: the examples of fixtures/scripts on real programs, and how scripts are loaded and end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { compileFixture } from '../support/fixture.js';
import { thisMachine } from '../support/machine.js';
import { projectRoot } from '../support/project-paths.js';
import { TestProcess } from '../support/test-process.js';

const run = promisify(execFile);

/** The command as it is installed, and as it is compiled. */
const commands = { bundle: 'dist/outstep.cjs', modules: 'dist/src/cli/main.js' } as const;

interface Outcome {
  readonly code: number;
  readonly text: string;
}

async function runScript(
  words: readonly string[],
  { command = 'bundle', node = process.execPath }: { command?: keyof typeof commands; node?: string } = {},
): Promise<Outcome> {
  await using script = await TestProcess.start('script', [
    node,
    resolve(projectRoot, commands[command]),
    'script',
    ...words,
  ]);
  const exit = await script.waitForExit(60_000);
  assert.equal(exit.kind, 'exited', script.output.tail());
  return { code: exit.kind === 'exited' ? exit.code : -1, text: script.output.text };
}

const example = (name: string): string => resolve(projectRoot, 'fixtures/scripts', `${name}.ts`);

/** With frame pointers, and symbols of its own. */
const flags = ['-fno-omit-frame-pointer', '-O0'];

describe('cli: script: examples', function () {
  this.timeout(120_000);

  async function expectRun(words: readonly string[]): Promise<string> {
    const { code, text } = await runScript(words);
    assert.equal(code, 0, text);
    return text;
  }

  it('heap-watch.ts finds the blocks that are not given back', async () => {
    const text = await expectRun([example('heap-watch'), '--', await compileFixture('leaks', { flags })]);
    assert.match(text, /^24 allocations, 4 blocks with \d+ bytes not given back$/m);
    const lost = [...text.matchAll(/^ {2}(\d+) bytes from keep\+0x/gm)].map(([, sizeBytes]) => sizeBytes);
    assert.deepEqual(lost, ['100', '24', '24']);
  });

  it('call-log.ts shows calls with arguments and results, for each thread', async () => {
    const text = await expectRun([
      example('call-log'),
      'deposit',
      '--',
      await compileFixture('sample', { flags }),
    ]);
    const calls = [...text.matchAll(/^(\d+) +deposit\(0x[0-9a-f]+, (\d), /gm)];
    const results = [...text.matchAll(/^\d+ +deposit = (\d+)$/gm)].map(([, result]) => Number(result));
    assert.equal(new Set(calls.map(([, tid]) => tid)).size, 2);
    assert.deepEqual(calls.map(([, , amount]) => amount).sort(), ['1', '1', '2', '2', '3', '3']);
    assert.deepEqual(
      results.sort((left, right) => left - right),
      [101, 103, 106, 201, 203, 206],
    );
  });

  it('memory-diff.ts shows what has changed between two calls', async () => {
    const program = await compileFixture('counting-loop', { flags });
    const text = await expectRun([example('memory-diff'), 'count', 'count', '--', program, '3']);
    assert.match(text, /^0x[0-9a-f]+ counter: 0x64 -> 0x65$/m);
  });

  it('crash-report.ts says all about a crash', async () => {
    const text = await expectRun([example('crash-report'), '--', await compileFixture('crash', { flags })]);
    assert.match(text, /^SIGSEGV in thread \d+, code 1, address 0x1234$/m);
    assert.match(
      text,
      /\nBacktrace\n {2}0x\w+ store\+\w+\n {2}0x\w+ inner\+\w+\n {2}0x\w+ outer\+\w+\n {2}0x\w+ main\+/,
    );
    const registers = { x86_64: /^ {2}rax {5}0x1234$/m, i386: /./, aarch64: /^ {2}x0 {6}0x1234$/m };
    assert.match(text, registers[thisMachine]);
    const [, pc] = /\nBacktrace\n {2}(0x\w+)/.exec(text) ?? [];
    assert.match(text, new RegExp(`\nInstructions\n {2}${pc} {2}[a-z]+ .*\n`));
    assert.match(text, /^ {2}0x\w+-0x\w+ rx {2}\S*crash$/m);
    assert.match(text, /^End: \{ kind: 'terminated', signal: 11/m);
  });

  it('fuzz.ts finds the input that a function dies of, the same one for the same seed', async () => {
    const program = await compileFixture('parser', { flags });
    const words = [example('fuzz'), 'parse', '40', '7', '--', program];
    const text = await expectRun(words);
    const found = /^signal 11 at parse\+0x[0-9a-f]+ in round \d+: [\d,]+$/m;
    assert.match(text, found);
    assert.match(text, /^40 rounds, crashes at 1 place\(s\)$/m);
    assert.equal(found.exec(await expectRun(words))?.[0], found.exec(text)?.[0]);
  });

  it('are short', () => {
    for (const name of ['heap-watch', 'call-log', 'memory-diff', 'crash-report', 'fuzz']) {
      const lines = readFileSync(example(name), 'utf8').split('\n').length;
      assert.ok(lines < 100, `${name}.ts has ${lines} lines`);
    }
  });
});

describe('cli: script', function () {
  this.timeout(120_000);
  let folder = '';
  let program = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outstep-scripts-'));
    program = await compileFixture('counting-loop');
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  for (const command of ['bundle', 'modules'] as const)
    it(`runs JavaScript and TypeScript of either kind, from any folder (${command})`, async () => {
      write('name.ts', "export enum Kind { end = 'exited' }\nexport const kind: string = 'exited';\n");
      const script = write(
        'typed.ts',
        `import { clientErrorCodes, type ScriptContext } from 'outstep/client';
         import { kind } from './kind.ts';
         export default async function ({ client, args }: ScriptContext): Promise<void> {
           const stop = await client.continue();
           console.log(stop.kind === kind, clientErrorCodes.TIMEOUT, args satisfies readonly string[]);
         }`,
      );
      write('kind.ts', "export const kind: string = 'exited';\n");
      const plain = write(
        'plain.cjs',
        'module.exports = async ({ client }) => console.log((await client.continue()).code);',
      );
      const typed = await runScript([script, 'a', 'b', '--', program, '3'], { command });
      assert.match(typed.text, /^true RSP_TIMEOUT \[ 'a', 'b' \]$/m);
      assert.equal(typed.code, 0);
      assert.match((await runScript([plain, '--', program, '3'], { command })).text, /^7$/m);
    });

  it('runs TypeScript on Nodes that strip types themselves, and on those that do not', async function () {
    this.timeout(600_000);
    const { stdout } = await run('bash', [resolve(projectRoot, 'test/package/setup.sh')]);
    const nodes = [...stdout.matchAll(/^(\d+) (.+)$/gm)];
    assert.ok(nodes.length >= 4, stdout);
    const script = write(
      'version.ts',
      `import { type ScriptContext, RspClient } from 'outstep/client';
       export default async ({ client }: ScriptContext) => {
         console.log(client instanceof RspClient, process.version as string);
       };`,
    );
    for (const [, version, node] of nodes) {
      const { code, text } = await runScript([script, '--', program, '3'], { node: node ?? '' });
      assert.match(text, new RegExp(`^true v${version}\\.`, 'm'));
      assert.equal(code, 0);
    }
  });

  it('attaches, and leaves the process running without breakpoints', async () => {
    await using target = await TestProcess.start('target', [program, '0']);
    const script = write(
      'look.mjs',
      `export default async ({ client, args }) => {
         await client.breakpoints.set(await client.symbols.address('count'));
         console.log((await client.continue()).kind, args);
       };`,
    );
    for (const words of [
      [script, 'x', '--attach', `${target.pid}`],
      ['--attach', `${target.pid}`, script, 'x'],
    ]) {
      const { code, text } = await runScript(words);
      assert.equal(code, 0, text);
      assert.match(text, /^signal \[ 'x' \]$/m);
      const status = readFileSync(`/proc/${target.pid}/status`, 'utf8');
      assert.match(status, /^TracerPid:\t0$/m);
      assert.doesNotMatch(status, /^State:\t[tTZ]/m);
    }
  });

  it('lets a script start its programs itself', async () => {
    const script = write(
      'starts.mjs',
      `export default async ({ client, args: [program] }) => {
         for (const rounds of ['2', '3']) {
           await client.processes.run(program, { args: [rounds] });
           console.log((await client.continue()).code);
         }
       };`,
    );
    const { code, text } = await runScript([script, program]);
    assert.equal(code, 0, text);
    assert.deepEqual(text.match(/^7$/gm), ['7', '7']);
  });

  it('ends with the status of the script, and kills the program that it started', async () => {
    const status = write(
      'status.mjs',
      `export default ({ client }) => { console.log('pid', client.currentThread.pid); process.exitCode = 3; };`,
    );
    const ended = await runScript([status, '--', program, '0']);
    assert.equal(ended.code, 3, ended.text);
    const [, pid] = /^pid (\d+)$/m.exec(ended.text) ?? [];
    assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  });

  it('shows an error of the script with its place', async () => {
    const thrown = write(
      'throws.ts',
      `const ready: boolean = true;\n\nexport default () => {\n  throw new Error('no luck');\n};`,
    );
    const failed = await runScript([thrown, '--', program, '3']);
    assert.equal(failed.code, 1);
    assert.match(failed.text, /^Error: no luck\n.*throws\.ts:4:/m);
    const broken = write('broken.mjs', 'export default (;');
    const unread = await runScript([broken, '--', program, '3']);
    assert.equal(unread.code, 1);
    assert.match(unread.text, /SyntaxError/);
    assert.doesNotMatch(unread.text, /internal error/);
  });

  it('says what is wrong with the words', async () => {
    const empty = write('empty.mjs', 'export const nothing = 1;');
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /^The script \(FILE\) is missing\.\nUsage: {2}outstep script/],
      [['--loud', empty], /^Unknown argument: --loud\nUsage/],
      [[empty, '--'], /^The program \(PROG\) is missing behind --\.\nUsage/],
      [[empty, '--attach'], /^The process \(PID\) is missing\.\nUsage/],
      [[empty, '--attach', 'x'], /^Not a process id: x\nUsage/],
      [[empty, '--attach', '1', '--', program], /^Either --attach PID or a program, not both\.\nUsage/],
      [[join(folder, 'none.ts')], /none\.ts: no such file\nExiting\n$/],
      [[empty, '--', program], /empty\.mjs: the default export must be a function/],
      [
        [write('ok.mjs', 'export default () => {};'), '--', '/no/such/program'],
        /\/no\/such\/program.*\nExiting\n$/s,
      ],
    ];
    for (const [words, wanted] of cases) {
      const { code, text } = await runScript(words);
      assert.match(text, wanted);
      assert.equal(code, 1);
    }
  });

  it('tells the script when it is interrupted, and ends with the signal’s status', async () => {
    const script = write(
      'waits.mjs',
      `export default async ({ client, signal }) => {
         signal.addEventListener('abort', () => console.log('aborted'));
         const stop = client.continue();
         console.log('runs');
         await stop;
       };`,
    );
    await using command = await TestProcess.start('script', [
      process.execPath,
      resolve(projectRoot, commands.bundle),
      'script',
      script,
      '--',
      program,
      '0',
    ]);
    await command.output.match(/^runs$/m);
    command.signal('SIGTERM');
    assert.deepEqual(await command.waitForExit(), { kind: 'exited', code: 143 });
    assert.match(command.output.text, /^aborted$/m);
  });
});
