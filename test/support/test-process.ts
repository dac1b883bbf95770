/** Processes that tests start: each with its output at hand, and none of them outlives its test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { bounded } from './bounded.js';
import { killFamily, newFamily } from './process-family.js';
import { Transcript } from './transcript.js';

export type Exit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string };

export interface TestProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

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
    const { family, variables } = newFamily();
    const env = { ...process.env, DEBUGINFOD_URLS: '', ...options.env, ...variables };
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

  /** As `waitForExit`; all that it has printed has been read then. */
  async waitForEnd(timeoutMs: number): Promise<Exit> {
    const exit = await this.waitForExit(timeoutMs);
    await bounded(this.#closed, timeoutMs, () => `end of output of ${this.output.title}`);
    return exit;
  }

  /** Kills the process and all its descendants that still bear its mark. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.waitForExit();
    killFamily(this.#family);
    await bounded(this.#closed, 15_000, () => `end of output of ${this.output.title}\n${this.output.tail()}`);
  }
}
