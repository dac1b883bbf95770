/** Starting, attaching, letting go and killing. */
import { parseOsData } from 'gdb-js-rsp-parser/documents';
import { ClientError, clientErrorCodes, hasCode } from './client-error.js';
import { documentValue, readObject, readObjectText } from './objects.js';
import { type Answer, type Requester, undefinedIfRefused, undefinedIfUnsupported } from './requester.js';
import type { RunControl } from './run-control.js';
import type { StopEvent } from './stop-event.js';
import type { WaitOptions } from './wait-options.js';

export interface RunOptions extends WaitOptions {
  readonly args?: readonly string[];
  /** Changes to the server's environment; undefined takes a variable out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory?: string;
  readonly disableRandomization?: boolean;
  readonly startWithShell?: boolean;
}

/** A process of the server's machine, which need not be debugged. */
export interface ProcessInfo {
  readonly pid: number;
  readonly user?: string;
  readonly command: string;
}

/** Starts programs, attaches to processes, lets go of them and kills them. As `client.processes`. */
export class Processes {
  readonly #requester: Requester;
  readonly #running: RunControl;
  readonly #onGone: (pid: number | undefined) => void;
  #isExtended = false;

  /** @param onGone told of a process that was let go or killed; undefined: all of them */
  constructor(requester: Requester, running: RunControl, onGone: (pid: number | undefined) => void) {
    this.#requester = requester;
    this.#running = running;
    this.#onGone = onGone;
  }

  /**
   * Starts a program; it stops before its first instruction.
   * @throws ClientError REFUSED with the server's reason, UNSUPPORTED
   */
  async run(program: string, options: RunOptions = {}): Promise<StopEvent | undefined> {
    await this.#extend();
    await this.#configure(options);
    const { args = [] } = options;
    const packet = { kind: 'vRun', program, ...(args.length > 0 ? { arguments: args } : {}) } as const;
    return this.#running.askForStop(packet, options);
  }

  async #configure(options: RunOptions): Promise<void> {
    const { environment = {}, workingDirectory, disableRandomization, startWithShell } = options;
    const has = (name: string): boolean => this.#requester.has(name);
    if (has('QEnvironmentReset')) await this.#requester.ask({ kind: 'QEnvironmentReset' });
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined) await this.#requester.ask({ kind: 'QEnvironmentUnset', name });
      else await this.#requester.ask({ kind: 'QEnvironmentHexEncoded', variable: `${name}=${value}` });
    }
    if (workingDirectory !== undefined)
      await this.#requester.ask({ kind: 'QSetWorkingDir', folder: workingDirectory });
    if (disableRandomization !== undefined) await this.#disableRandomization(disableRandomization);
    if (startWithShell !== undefined)
      await this.#requester.ask({ kind: 'QStartupWithShell', isOn: startWithShell });
  }

  /** LLDB's servers have a name of their own for it. */
  async #disableRandomization(isOn: boolean): Promise<void> {
    const known = await this.#requester.askIfKnown({ kind: 'QDisableRandomization', isOn });
    if (known === undefined) await this.#requester.ask({ kind: 'QSetDisableASLR', isOn });
  }

  /** Attaches to a process that runs. @throws ClientError REFUSED with the server's reason */
  async attach(pid: number, options: WaitOptions = {}): Promise<StopEvent | undefined> {
    await this.#extend();
    return this.#running.askForStop({ kind: 'vAttach', pid }, options);
  }

  /** Servers stay when a program has ended, and take another one, only when told that the client knows. */
  async #extend(): Promise<void> {
    if (this.#isExtended) return;
    this.#isExtended = true;
    await undefinedIfUnsupported(this.#requester.ask({ kind: '!' }));
  }

  /** Lets go of a process, by default the current thread's. */
  async detach(pid = this.#currentPid, options: WaitOptions = {}): Promise<void> {
    const packet = { kind: 'D', staysStopped: false, ...(pid === undefined ? {} : { pid }) } as const;
    await this.#requester.ask(packet, options);
    this.#onGone(pid);
  }

  /** Kills a process, by default the current thread's, or everything where there are no process ids. */
  async kill(pid = this.#currentPid, options: WaitOptions = {}): Promise<void> {
    if (pid !== undefined && this.#requester.mayKnow('vKill')) {
      const killed = await undefinedIfUnsupported(this.#requester.ask({ kind: 'vKill', pid }, options));
      if (killed !== undefined) {
        this.#onGone(pid);
        return;
      }
    }
    try {
      await undefinedIfUnsupported(this.#requester.ask({ kind: 'k' }, options));
    } catch (error) {
      // A server may answer `k` by closing the connection.
      if (!hasCode(error, clientErrorCodes.CLOSED)) throw error;
    }
    this.#onGone(undefined);
  }

  get #currentPid(): number | undefined {
    return this.#requester.currentThread?.pid;
  }

  /** Whether the server has attached to the process, and not started it. */
  async isAttached(pid = this.#currentPid, options: WaitOptions = {}): Promise<boolean> {
    const packet = { kind: 'qAttached', ...(pid === undefined ? {} : { pid }) } as const;
    return (await this.#requester.ask(packet, options)).kind === 'attached';
  }

  /** The path of the program that a process executes. @throws ClientError UNSUPPORTED */
  async executable(pid = this.#currentPid, options: WaitOptions = {}): Promise<string> {
    const annex = pid === undefined ? '' : pid.toString(16);
    return new TextDecoder().decode(await readObject(this.#requester, 'exec-file', annex, options));
  }

  /** All processes of the server's machine. @throws ClientError UNSUPPORTED */
  async list(options: WaitOptions = {}): Promise<ProcessInfo[]> {
    if (this.#requester.has('qXfer:osdata:read')) {
      const text = await readObjectText(this.#requester, 'osdata', 'processes', options);
      return documentValue(parseOsData, text).rows.map(({ pid, user, command = '' }) => ({
        pid: Number(pid),
        command,
        ...(user === undefined ? {} : { user }),
      }));
    }
    return this.#listOneByOne(options);
  }

  /** LLDB's list has one process in each reply. */
  async #listOneByOne(options: WaitOptions): Promise<ProcessInfo[]> {
    const processes: ProcessInfo[] = [];
    let answer: Answer<'qfProcessInfo'> | undefined = await this.#nextProcess(
      { kind: 'qfProcessInfo' },
      options,
    );
    while (answer !== undefined) {
      const { pid, name = '', realUser } = answer.facts;
      if (pid === undefined) throw new ClientError(clientErrorCodes.BAD_OBJECT, 'a process without a pid');
      processes.push({ pid, command: name, ...(realUser === undefined ? {} : { user: `${realUser}` }) });
      answer = await this.#nextProcess({ kind: 'qsProcessInfo' }, options);
    }
    return processes;
  }

  /** An error ends the list. */
  #nextProcess(
    packet: { readonly kind: 'qfProcessInfo' | 'qsProcessInfo' },
    options: WaitOptions,
  ): Promise<Answer<'qfProcessInfo'> | undefined> {
    return undefinedIfRefused(this.#requester.ask(packet, options));
  }
}
