/** Every point at which engines hear of a program stands in one union; nothing else reads what the kernel says of a stop. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';

const union = 'src/core/event.ts';
const firstMember = 'export type ThreadEvent =';

/** What has to answer for each kind: whom it concerns, what is written down of it, what gdb and lldb are told. */
const places = [
  'src/core/attachment.ts',
  'src/engines/gdb/lldb/stop-facts.ts',
  'src/engines/gdb/pending-stops.ts',
  'src/engines/gdb/stop-reporter.ts',
  'src/event-log/event-record.ts',
];

/** The folders of the engines and all below them, as a project of their own. */
class TestBuild implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'outstep-event-kinds-'));

  constructor(change: (text: string) => string) {
    for (const folder of ['arch', 'src/base', 'src/native', 'src/core', 'src/debug-info', 'src/snapshot'])
      this.#copy(folder);
    for (const folder of ['src/event-log', 'src/engines']) this.#copy(folder);
    this.#copy('package.json');
    symlinkSync(join(projectRoot, 'node_modules'), join(this.#folder, 'node_modules'));
    writeFileSync(
      join(this.#folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(projectRoot, 'tsconfig.json'),
        compilerOptions: { composite: false, noEmit: true, rootDir: '.', types: ['node'] },
        include: ['src', 'arch'],
        references: [],
      }),
    );
    const file = join(this.#folder, union);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }

  /** The files in which the compiler finds errors. */
  errors(): readonly string[] {
    const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [compiler, '--singleThreaded', '--project', this.#folder],
      {
        cwd: this.#folder,
        encoding: 'utf8',
      },
    );
    const files = [...stdout.matchAll(/^([^(\n]+)\(\d+,\d+\): error TS/gm)].map(([, file = '']) => file);
    assert.equal(status === 0, files.length === 0, stdout + stderr);
    return [...new Set(files)].sort();
  }

  #copy(path: string): void {
    cpSync(join(projectRoot, path), join(this.#folder, path), { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function filesIn(folder: string, ending: RegExp): string[] {
  return readdirSync(resolve(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path) && !/(^|\/)(node_modules|build|build-\w+)\//.test(path))
    .map((path) => join(folder, path));
}

function filesWith(files: readonly string[], pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(readFileSync(resolve(projectRoot, file), 'utf8'))).sort();
}

describe('conventions: kinds of events', () => {
  it('the compiler names every place that has to know of a new one', function () {
    this.timeout(120_000);
    using changed = new TestBuild((text) => {
      assert.ok(text.includes(firstMember));
      return text.replace(
        firstMember,
        `${firstMember}\n  | { readonly kind: 'probe-hit'; readonly thread: Thread }`,
      );
    });
    assert.deepEqual(changed.errors(), places);
  });

  it('are read from what the kernel says in native code and in one file of the core', () => {
    const sources = filesIn('src', /\.ts$/);
    assert.ok(sources.includes(union));
    assert.deepEqual(filesWith(sources, /ptraceEvents = |eventStop = /), ['src/core/stop.ts']);
    const status = /\bW(?:IF(?:EXITED|SIGNALED|STOPPED)|STOPSIG|TERMSIG|EXITSTATUS)\b/;
    // What a traced program is told by its own wait(2) is shown as strace does.
    assert.deepEqual(filesWith(sources, status), ['src/engines/syscalls/decode/structs/processes.ts']);
    // An end is read once; the others that look at a status wait for one stop of their own making.
    const native = filesIn('native', /\.(?:cc|h)$/);
    assert.deepEqual(filesWith(native, /\b(?:WIFEXITED|WIFSIGNALED|WTERMSIG|WEXITSTATUS)\b/), [
      'native/stops.cc',
    ]);
  });

  it('are known to no architecture', () => {
    const arch = filesIn('arch', /\.ts$/);
    assert.ok(arch.includes('arch/aarch64/index.ts'));
    assert.deepEqual(filesWith(arch, /from '[^']*src\/(?!base\/)|from 'node:|process\.|\bptrace\(/), []);
  });
});
