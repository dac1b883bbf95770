/** The programs of fixtures/engines, each on a real program. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { compileFixture } from '../../support/fixture.js';
import { startOrphan } from '../../support/orphan.js';
import { eventually, systemCallOf, threadsOf, tracerOf } from '../../support/proc-files.js';
import { projectRoot } from '../../support/project-paths.js';
import { type Exit, TestProcess } from '../../support/test-process.js';

const sources = resolve(projectRoot, 'fixtures/engines');
const names = readdirSync(sources).filter((name) => name.endsWith('.ts'));

function start(name: string, words: readonly string[]): Promise<TestProcess> {
  const script = resolve(projectRoot, 'dist/fixtures/engines', `${name}.js`);
  return TestProcess.start(name, [process.execPath, script, ...words]);
}

/** Of it and of the program that it runs. */
async function run(
  name: string,
  words: readonly string[],
): Promise<{ readonly text: string; readonly exit: Exit }> {
  await using example = await start(name, words);
  example.endInput();
  const exit = await example.waitForExit(30_000);
  await example[Symbol.asyncDispose]();
  return { text: example.output.text, exit };
}

describe('engines: examples', function () {
  this.timeout(60_000);

  it('are short, and use nothing but the library', () => {
    assert.equal(names.length, 5);
    for (const name of names) {
      const text = readFileSync(resolve(sources, name), 'utf8');
      assert.ok(text.trimEnd().split('\n').length <= 60, name);
      for (const [, from = ''] of text.matchAll(/ from '([^']+)'/g))
        assert.ok(from === 'outstep' || from.startsWith('node:'), `${name}: ${from}`);
    }
  });

  it('fault-injector.ts lets every third call fail', async () => {
    const script = 'for i in 1 2 3 4 5 6 7; do true < /dev/null && echo well || echo ill; done';
    const { text, exit } = await run('fault-injector', ['openat', 'EMFILE', '3', '/bin/sh', '-c', script]);
    assert.deepEqual(exit, { kind: 'exited', code: 0 }, text);
    const [, failed, calls] = /^(\d+) of (\d+) calls of openat failed with EMFILE$/m.exec(text) ?? [];
    assert.equal(Number(failed), Math.floor(Number(calls) / 3), text);
    assert.ok(Number(failed) >= 2, text);
    assert.match(text, /^ill$/m);
    assert.match(text, /^well$/m);
    assert.match(text, /Too many open files/);
  });

  it('syscall-counter.ts counts calls and errors', async () => {
    const { text } = await run('syscall-counter', [
      '/bin/sh',
      '-c',
      'cat /no/such/file; kill -0 $$; kill -0 $$; exit 3',
    ]);
    const [, calls, errors] = /^ +(\d+) +(\d+) kill$/m.exec(text) ?? [];
    assert.deepEqual([Number(calls), Number(errors)], [2, 0], text);
    const [, opens, failed] = /^ +(\d+) +(\d+) openat$/m.exec(text) ?? [];
    assert.ok(Number(opens) > Number(failed) && Number(failed) >= 1, text);
  });

  it('who-kills.ts names the sender of each signal', async () => {
    using orphan = startOrphan('/bin/sleep', ['1000']);
    await using watcher = await start('who-kills', [String(orphan.pid)]);
    await watcher.output.match(/^watching process/m);
    await using killer = await TestProcess.start('killer', [
      '/bin/sh',
      '-c',
      `echo "me $$"; kill -CONT ${orphan.pid}; read line; kill -TERM ${orphan.pid}; read line`,
    ]);
    const [, sender] = await killer.output.match(/^me (\d+)$/m);
    await watcher.output.match(new RegExp(`^SIGCONT for thread ${orphan.pid} from process ${sender}`, 'm'));
    killer.write('\n');
    const user = process.getuid?.();
    await watcher.output.match(
      new RegExp(`^SIGTERM for thread ${orphan.pid} from process ${sender} \\(sh\\) of user ${user}$`, 'm'),
    );
    await watcher.output.match(new RegExp(`^process ${orphan.pid} was killed by SIGTERM$`, 'm'));
    assert.deepEqual(await watcher.waitForExit(), { kind: 'exited', code: 0 });
  });

  it('file-recorder.ts records what is opened, in children as well', async () => {
    const { text } = await run('file-recorder', [
      '/bin/sh',
      '-c',
      'cat /proc/self/comm; cat /no/such/file; :',
    ]);
    assert.match(text, /^\d+ \/proc\/self\/comm as \d+$/m);
    assert.match(text, /^\d+ \/no\/such\/file ENOENT$/m);
    const processes = new Set([...text.matchAll(/^(\d+) \//gm)].map(([, id]) => id));
    assert.equal(processes.size, 3, text);
  });

  it('deadlock-reporter.ts finds threads that wait for each other', async () => {
    const program = await compileFixture('deadlock');
    using orphan = startOrphan(program, []);
    await eventually('all threads wait', () => {
      const calls = threadsOf(orphan.pid).map(systemCallOf);
      return calls.length === 3 && calls[0] !== undefined && calls.every((call) => call === calls[0]);
    });
    const { text, exit } = await run('deadlock-reporter', [String(orphan.pid)]);
    assert.deepEqual(exit, { kind: 'exited', code: 1 }, text);
    const waits = [...text.matchAll(/^thread (\d+) waits for a mutex of thread (\d+)$/gm)];
    assert.equal(waits.length, 2, text);
    assert.deepEqual([waits[0]?.[1], waits[0]?.[2]], [waits[1]?.[2], waits[1]?.[1]]);
    assert.equal([...text.matchAll(/ in take_second \(\)$/gm)].length, 2, text);
    assert.equal(tracerOf(orphan.pid), 0);
    using free = startOrphan(program, ['free']);
    await eventually('it waits', () => systemCallOf(free.pid) !== undefined);
    const none = await run('deadlock-reporter', [String(free.pid)]);
    assert.deepEqual(none.exit, { kind: 'exited', code: 0 });
    assert.equal(none.text, 'no threads wait for each other\n');
  });
});
