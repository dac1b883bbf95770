/** Serves: starts or attaches, then hands one client after the other to the session layer until that has finished. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { assertNever } from '../base/assert-never.js';
import { errorCodes, isOutstepError } from '../base/errors.js';
import { pid as pidOf } from '../base/ids.js';
import { Tracer } from '../core/index.js';
import { DebugLog } from '../engines/gdb/debug-log.js';
import { GdbServer } from '../engines/gdb/server.js';
import { parseComm } from './comm.js';
import type { Connection } from './connection.js';
import type { Console } from './console.js';
import { openDebugSink } from './debug-sink.js';
import { type Endpoint, openEndpoint } from './endpoint.js';
import type { ServeOptions, Target } from './options.js';
import { StartError } from './start-error.js';
import { nextStopSignal } from './stop-signal.js';
import { SharedTerminal } from './terminal.js';

/** How long programs may take to be let go, and the last bytes to reach the client, when the server ends. */
const farewellMs = 1000;

/**
 * Resolves with the exit status when there is nothing more to serve; by then launched programs are killed and
 * attached ones run on without breakpoints. `onClient` is called when one comes.
 * @throws StartError, UsageError
 */
export async function serve(options: ServeOptions, console: Console, onClient: () => void): Promise<number> {
  const comm = parseComm(options.comm);
  const log = new DebugLog(openDebugSink(options.debug));
  log.timestamps = options.debug.timestamp;
  for (const component of options.debug.components) log.set(component, true);
  // The address is taken before a program is started, so that a busy port costs none.
  const endpoint = await openEndpoint(comm);
  const isStdio = comm.kind === 'stdio';
  const once = options.once || isStdio;
  const tracer = new Tracer();
  const { wrapper, ...rest } = options;
  const terminal = new SharedTerminal();
  const config = {
    ...rest,
    once,
    terminal,
    redirectStdio: isStdio,
    ...(wrapper === undefined ? {} : { wrapper }),
  };
  const server = new GdbServer(tracer, config, console, log);
  const service = new Service(server, endpoint, once, console, onClient);
  try {
    if (isStdio && options.target.kind === 'program') console.line('stdin/stdout redirected');
    const run = startTarget(server, options.target).then(() => service.run());
    return await Promise.race([run, server.finished, nextStopSignal()]);
  } finally {
    await atMost(farewellMs, server.end());
    await atMost(farewellMs, service.end());
    server.dispose();
  }
}

async function startTarget(server: GdbServer, target: Target): Promise<void> {
  switch (target.kind) {
    case 'none':
      return;
    case 'attach':
      await server.attach(pidOf(target.pid)).catch((error: unknown) => {
        throw isOutstepError(error) ? new StartError(error.message) : error;
      });
      return;
    case 'program':
      await server.launch(target.program, target.args).catch((error: unknown) => {
        // The session layer has said what happened.
        throw isOutstepError(error) && error.code === errorCodes.LAUNCH_FAILED ? new StartError('') : error;
      });
      return;
    default:
      assertNever(target);
  }
}

/** The loop over clients. */
class Service {
  readonly #server: GdbServer;
  readonly #endpoint: Endpoint;
  readonly #once: boolean;
  readonly #console: Console;
  readonly #onClient: () => void;
  #connection: Connection | undefined;
  #isFinished = false;

  constructor(server: GdbServer, endpoint: Endpoint, once: boolean, console: Console, onClient: () => void) {
    this.#server = server;
    this.#endpoint = endpoint;
    this.#once = once;
    this.#console = console;
    this.#onClient = onClient;
    void server.finished.then(() => {
      this.#isFinished = true;
    });
  }

  async run(): Promise<number> {
    if (this.#endpoint.notice !== undefined) this.#console.line(this.#endpoint.notice);
    this.#announce();
    for await (const client of this.#endpoint.clients) {
      if (this.#once) this.#endpoint.close();
      this.#console.line(client.greeting);
      this.#onClient();
      this.#connection = client.serve(this.#server);
      await this.#connection.gone;
      this.#connection = undefined;
      if (this.#once) break;
      // The session layer decides a turn later whether this was the last client.
      await setImmediate();
      if (this.#isFinished) break;
      this.#console.line('Remote side has terminated connection.  GDBserver will reopen the connection.');
      this.#announce();
    }
    return this.#server.finished;
  }

  /** Takes no more clients; resolves when the present one has been sent the last replies. */
  async end(): Promise<void> {
    this.#endpoint.close();
    await this.#connection?.end();
  }

  #announce(): void {
    if (this.#endpoint.announcement !== '') this.#console.line(this.#endpoint.announcement);
  }
}

/** Waits for `promise`, but no longer than `timeoutMs`. */
async function atMost(timeoutMs: number, promise: Promise<void>): Promise<void> {
  const timeout = new AbortController();
  try {
    await Promise.race([promise, setTimeout(timeoutMs, undefined, { signal: timeout.signal })]);
  } finally {
    timeout.abort();
  }
}
