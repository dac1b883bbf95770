/** Drives stock gdb through its machine interface: one command at a time, and stops as values. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bounded } from './bounded.js';
import { type MiRecord, type MiTuple, type MiValue, parseMiRecord } from './mi-record.js';
import { TestProcess, type TestProcessOptions } from './test-process.js';

/** What gdb says when the program stops (`*stopped`). */
export interface Stop {
  /** `breakpoint-hit`, `end-stepping-range`, `exited-normally`, …; empty for the stop of a connection. */
  readonly reason: string;
  readonly function: string | undefined;
  readonly line: number | undefined;
  /** gdb's own number of the thread. */
  readonly thread: number | undefined;
  readonly fields: MiTuple;
}

export class GdbError extends Error {
  override readonly name = 'GdbError';
}

export interface GdbOptions extends TestProcessOptions {
  /** Default true. gdb writes its log byte by byte, which is slow where megabytes are moved. */
  readonly logsPackets?: boolean;
  /** Default: the system's `gdb`. */
  readonly program?: string;
}

interface Result {
  readonly class: string;
  readonly fields: MiTuple;
  readonly console: string;
}

const defaultSettings = [
  'set confirm off',
  'set pagination off',
  'set width 0',
  'set style enabled off',
  'set breakpoint pending on',
  'set auto-connect-native-target off',
  'set debuginfod enabled off',
  // Files are read from this machine, not through the server: faster, and a test of its own shows the other way.
  'set sysroot',
];

function asTuple(value: MiValue | undefined): MiTuple {
  return typeof value === 'object' && !Array.isArray(value) ? (value as MiTuple) : {};
}

/** A field that is text, or undefined where it is missing or something else. */
export function textField(fields: MiTuple, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

function numberField(fields: MiTuple, name: string): number | undefined {
  const text = textField(fields, name);
  return text === undefined ? undefined : Number(text);
}

function asStop(fields: MiTuple): Stop {
  const frame = asTuple(fields.frame);
  return {
    reason: textField(fields, 'reason') ?? '',
    function: textField(frame, 'func'),
    line: numberField(frame, 'line'),
    thread: numberField(fields, 'thread-id'),
    fields,
  };
}

export class Gdb implements AsyncDisposable {
  readonly #records: MiRecord[] = [];
  readonly #waiting = new Set<() => void>();
  #partialLine = '';
  #token = 0;
  #readFrom = 0;
  #scripts = 0;

  private constructor(
    readonly process: TestProcess,
    readonly folder: string,
  ) {
    process.output.onAppend((chunk) => this.#take(chunk));
  }

  /** @param settings commands that follow the usual ones. */
  static async start(settings: readonly string[] = [], options: GdbOptions = {}): Promise<Gdb> {
    const folder = await mkdtemp(join(tmpdir(), 'outstep-gdb-'));
    const process = await TestProcess.start(
      'gdb',
      [options.program ?? 'gdb', '-nx', '-q', '--interpreter=mi3'],
      options,
    );
    const gdb = new Gdb(process, folder);
    const log = options.logsPackets === false ? [] : [`set remotelogfile ${gdb.#logFile}`];
    for (const setting of [...defaultSettings, ...log, ...settings]) await gdb.execute(setting);
    return gdb;
  }

  get #logFile(): string {
    return join(this.folder, 'packets');
  }

  /** The packets so far: `w` were written by gdb, `r` read. */
  async packets(): Promise<string> {
    return readFile(this.#logFile, 'latin1').catch(() => 'no packets');
  }

  /**
   * Runs a command of gdb's command line or of MI, and gives what it printed.
   * @throws GdbError when gdb refuses
   */
  async execute(command: string, timeoutMs = 20_000): Promise<string> {
    return (await this.#command(command, timeoutMs)).console;
  }

  /** Runs an MI command and gives the fields of its result. */
  async query(command: string): Promise<MiTuple> {
    return (await this.#command(command, 20_000)).fields;
  }

  /** Runs commands as one script, for those that span lines (`define`, `commands`). */
  async script(lines: readonly string[], timeoutMs = 20_000): Promise<string> {
    this.#scripts += 1;
    const path = join(this.folder, `script-${this.#scripts}`);
    await writeFile(path, `${lines.join('\n')}\n`);
    return this.execute(`source ${path}`, timeoutMs);
  }

  /** Value of an expression, as `print` shows it. */
  async evaluate(expression: string): Promise<string> {
    const quoted = expression.replace(/[\\"]/g, '\\$&');
    return textField(await this.query(`-data-evaluate-expression "${quoted}"`), 'value') ?? '';
  }

  /** Value of an expression, its numbers in hex. */
  hex(expression: string): Promise<string> {
    return this.execute(`output/x ${expression}`);
  }

  /** Lets the program run; returns when gdb says that it does. */
  async resume(command: string): Promise<void> {
    this.#readFrom = this.#records.length;
    const result = await this.#command(command, 20_000);
    assert.equal(result.class, 'running', `${command} lets nothing run`);
  }

  /** Attaches (extended-remote) and waits for the stop, which gdb shows before or after its answer. */
  async attach(pid: number): Promise<Stop> {
    this.#readFrom = this.#records.length;
    await this.#command(`attach ${pid}`, 20_000);
    return this.nextStop();
  }

  /** Lets the program run, and waits for its next stop. */
  async run(command: string, timeoutMs = 30_000): Promise<Stop> {
    await this.resume(command);
    return this.nextStop(timeoutMs);
  }

  /**
   * The next stop that no one has been given yet.
   * @throws GdbError when gdb gives up the command that was to lead there
   */
  async nextStop(timeoutMs = 30_000): Promise<Stop> {
    const from = this.#readFrom;
    const isEnd = (one: MiRecord): boolean =>
      (one.kind === 'exec' && one.class === 'stopped') || (one.kind === 'result' && one.class === 'error');
    const index = await this.#find(from, isEnd, timeoutMs, 'the program stops');
    this.#readFrom = index + 1;
    const record = this.#records[index];
    if (record?.kind === 'exec') return asStop(record.fields);
    const said = this.#records.slice(from, index).map((one) => (one.kind === 'log' ? one.text : ''));
    throw new GdbError(said.join(''));
  }

  /** Waits for the end of the program, whatever stops come before it. */
  async stopOfExit(timeoutMs = 60_000): Promise<Stop> {
    for (;;) {
      const stop = await this.nextStop(timeoutMs);
      if (stop.reason.startsWith('exited')) return stop;
    }
  }

  /** Ctrl-C at gdb's terminal. */
  interrupt(): void {
    this.process.signal('SIGINT');
  }

  /** Waits until gdb has printed something, anywhere in its MI output. */
  waitForOutput(pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> {
    return this.process.output.match(pattern, timeoutMs);
  }

  /** Ends gdb in its own way, which kills or detaches its programs. */
  async quit(): Promise<void> {
    this.process.write('-gdb-exit\n');
    await this.process.waitForExit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #command(command: string, timeoutMs: number): Promise<Result> {
    this.#token += 1;
    const token = this.#token;
    const from = this.#records.length;
    this.process.write(`${token}${command}\n`);
    const isResult = (one: MiRecord): boolean => one.kind === 'result' && one.token === token;
    const record = await this.#find(from, isResult, timeoutMs, `gdb answers ${command}`);
    const answer = this.#records[record];
    if (answer?.kind !== 'result') throw new Error('unreachable: a result was found');
    const printed = this.#records.slice(from, record).map((one) => (one.kind === 'console' ? one.text : ''));
    if (answer.class === 'error') throw new GdbError(`${command}: ${textField(answer.fields, 'msg')}`);
    return { class: answer.class, fields: answer.fields, console: printed.join('') };
  }

  /** Index of the first record from `from` that is wanted, now or later. */
  #find(
    from: number,
    wanted: (record: MiRecord) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<number> {
    let forget: (() => void) | undefined;
    const found = new Promise<number>((resolve, reject) => {
      const look = (): void => {
        const index = this.#records.findIndex((record, at) => at >= from && wanted(record));
        if (index >= 0) resolve(index);
      };
      this.#waiting.add(look);
      forget = () => this.#waiting.delete(look);
      look();
      this.process.exit.then((exit) =>
        reject(new Error(`gdb ended: ${JSON.stringify(exit)}, before ${what}`)),
      );
    });
    return bounded(found, timeoutMs, () => what).finally(() => forget?.());
  }

  #take(chunk: string): void {
    const lines = (this.#partialLine + chunk).split('\n');
    this.#partialLine = lines.pop() ?? '';
    for (const line of lines) this.#records.push(parseMiRecord(line));
    for (const look of [...this.#waiting]) look();
  }
}
