/** Processes that tests start: each with its output at hand, and none of them outlives its test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { bounded } from './bounded.js';
import { Transcript } from './transcript.js';

export type Exit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string };

export interface TestProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** The variable by which descendants are known, whatever their parents became. */
const marker = 'OUTSTEP_TEST_FAMILY';
let families = 0;

export class TestProcess implements AsyncDisposable {
  readonly output: Transcript;
  /** The end of the process itself; its children may still hold its output. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #family: string;
  readonly #closed: Promise<void>;

  private constructor(child: ChildProcess, title: string, family: string) {
    this.#child = child;
    this.#family = family;
    this.output = new Transcript(title);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => this.output.append(chunk));
    }
    // A process that ended does not read what is still written to it.
    child.stdin?.on('error', (error) => this.output.append(`[input: ${error.message}]\n`));
    this.exit = once(child, 'exit').then(([code, signal]) =>
      typeof signal === 'string' ? { kind: 'signalled', signal } : { kind: 'exited', code: Number(code) },
    );
    this.#closed = once(child, 'close').then(() => this.output.close());
  }

  /** @param command program and arguments */
  static async start(
    title: string,
    command: readonly string[],
    options: TestProcessOptions = {},
  ): Promise<TestProcess> {
    const [program = '', ...args] = command;
    families += 1;
    const family = `${process.pid}.${families}`;
    const env = { ...process.env, DEBUGINFOD_URLS: '', ...options.env, [marker]: family };
    const child = spawn(program, args, { env, cwd: options.cwd, stdio: 'pipe' });
    await bounded(once(child, 'spawn'), 10_000, () => `start of ${command.join(' ')}`);
    return new TestProcess(child, title, family);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.output.title} has no pid`);
    return this.#child.pid;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  waitForExit(timeoutMs = 15_000): Promise<Exit> {
    return bounded(this.exit, timeoutMs, () => `exit of ${this.output.title}\n${this.output.tail()}`);
  }

  /** Kills the process and all its descendants that still bear its mark. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.waitForExit();
    killFamily(this.#family);
    await bounded(this.#closed, 15_000, () => `end of output of ${this.output.title}\n${this.output.tail()}`);
  }
}

function killFamily(family: string): void {
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry) && bearsMark(entry, family)) killIfThere(Number(entry));
  }
}

function bearsMark(pid: string, family: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${marker}=${family}`);
  } catch {
    return false;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
