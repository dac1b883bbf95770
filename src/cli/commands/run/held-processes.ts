/** Processes that stand still for a debugger: a server is there from the first one on. */
import { isOutstepError, messageOf } from '../../../base/errors.js';
import type { Tracer } from '../../../core/index.js';
import type { Held } from '../../../engines/crash/index.js';
import { DebugLog } from '../../../engines/gdb/debug-log.js';
import { GdbServer } from '../../../engines/gdb/server.js';
import { parseComm } from '../../comm.js';
import type { Console } from '../../console.js';
import { type Endpoint, openEndpoint } from '../../endpoint.js';
import { Service } from '../../serve.js';
import { statusConsole } from '../../status.js';

interface Serving {
  readonly server: GdbServer;
  readonly service: Service;
}

export class HeldProcesses {
  readonly #tracer: Tracer;
  readonly #console: Console;
  readonly #comm: string;
  #endpoint: Promise<Endpoint> | undefined;
  #serving: Serving | undefined;

  constructor(tracer: Tracer, comm: string, console: Console) {
    this.#tracer = tracer;
    this.#comm = comm;
    this.#console = console;
  }

  /**
   * Takes the address before anything is started, so that a busy port costs no program.
   * @throws StartError
   */
  async open(): Promise<void> {
    this.#endpoint ??= openEndpoint(parseComm(this.#comm));
    await this.#endpoint;
  }

  /** When it resolves the server holds the process, and whoever else did may let it run. */
  async hold({ process, thread, signal }: Held): Promise<void> {
    const { server } = await this.#serve();
    const why = signal === undefined ? 'hangs' : `got signal ${signal} in thread ${thread?.tid}`;
    this.#console.line(`outstep: process ${process.pid} ${why} and is held for gdb`);
    try {
      await server.attach(process.pid);
    } catch (error) {
      if (!isOutstepError(error)) throw error;
      this.#console.line(`outstep: process ${process.pid} is not held: ${error.message}`);
    }
  }

  async end(): Promise<void> {
    await this.#serving?.server.end();
    await this.#serving?.service.end();
    if (this.#serving === undefined) (await this.#endpoint)?.close();
  }

  async #serve(): Promise<Serving> {
    if (this.#serving !== undefined) return this.#serving;
    await this.open();
    const endpoint = await this.#endpoint;
    if (endpoint === undefined) throw new Error('no endpoint');
    const config = {
      once: false,
      multi: false,
      startWithShell: false,
      disableRandomization: false,
      disabledPackets: new Set<string>(),
      redirectStdio: false,
    };
    const console = statusConsole(this.#console, false);
    const server = new GdbServer(this.#tracer, config, console, new DebugLog(() => undefined));
    const service = new Service(server, endpoint, false, console, () => undefined);
    const serving = { server, service };
    this.#serving = serving;
    // Another process may crash when nobody is served any more.
    const forget = (): void => {
      if (this.#serving !== serving) return;
      this.#serving = undefined;
      this.#endpoint = undefined;
    };
    service.run().then(forget, (error: unknown) => {
      this.#console.line(messageOf(error));
      forget();
    });
    return serving;
  }
}
