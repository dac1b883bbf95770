/** Serves: starts or attaches, then hands clients to the session layer until that has finished. */
import { machine } from 'node:os';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { isOutstepError } from '../base/errors.js';
import { pid as pidOf } from '../base/ids.js';
import { Tracer } from '../core/index.js';
import { DebugLog } from '../engines/gdb/debug-log.js';
import { launchForFirstClient } from '../engines/gdb/lldb/launch.js';
import { GdbServer } from '../engines/gdb/server.js';
import { parseComm } from './comm.js';
import type { Connection } from './connection.js';
import { openConsole } from './console.js';
import { openDebugSink } from './debug-sink.js';
import { type Endpoint, openEndpoint } from './endpoint.js';
import { inheritedDescriptors } from './inherited-descriptors.js';
import type { ServeOptions } from './options.js';
import { checkReadyFd, tellReady } from './ready.js';
import { StartError } from './start-error.js';
import { portOf, type StatusConsole } from './status.js';
import { nextStopSignal } from './stop-signal.js';
import type { Target } from './target.js';
import { SharedTerminal } from './terminal.js';
import { version } from './version.js';
import { openExplainer } from './wire/explainer.js';
import { openRecorder, recordFormat } from './wire/record.js';
import { type OpenTap, openAll } from './wire/tap.js';

/** How long programs may take to be let go, and the last bytes to reach the client, when the server ends. */
const farewellMs = 1000;

/**
 * Resolves with the exit status when there is nothing more to serve; by then launched programs are killed and
 * attached ones run on without breakpoints. `onClient` is called when one comes.
 * @throws StartError, UsageError
 */
export async function serve(
  options: ServeOptions,
  console: StatusConsole,
  onClient: () => void,
): Promise<number> {
  const comm = typeof options.comm === 'string' ? parseComm(options.comm) : options.comm;
  const log = new DebugLog(openDebugSink(options.debug));
  log.timestamps = options.debug.timestamp;
  for (const component of options.debug.components) log.set(component, true);
  // The address is taken before a program is started, so that a busy port costs none.
  checkReadyFd(options);
  const endpoint = await openEndpoint(comm);
  const port = portOf(endpoint.place);
  const isStdio = comm.kind === 'stdio';
  const once = options.once || isStdio || comm.kind === 'descriptor' || comm.kind === 'outgoing';
  const tracer = new Tracer();
  const { wrapper, onDisconnect, onClientKill, ...rest } = options;
  const terminal = new SharedTerminal();
  const config = {
    ...rest,
    once,
    terminal,
    redirectStdio: isStdio,
    version: version(),
    port: () => port,
    descriptors: () =>
      inheritedDescriptors(options.readyFd, comm.kind === 'descriptor' ? comm.fd : undefined),
    ...(wrapper === undefined ? {} : { wrapper }),
    ...(onDisconnect === undefined ? {} : { onDisconnect }),
    ...(onClientKill === undefined ? {} : { onClientKill }),
  };
  const server = new GdbServer(tracer, config, console, log);
  if (port !== undefined) options.onListening?.(port);
  const taps = openTaps(options);
  const service = new Service(server, endpoint, once, console, onClient, openAll(taps.opens));
  let forgetReady = (): void => undefined;
  try {
    if (isStdio && options.target.kind === 'program') console.say({ status: 'redirected' });
    const run = startTarget(server, options.target, options.sendsOutput).then(() => {
      forgetReady = tellReady(options, endpoint.place);
      return service.run();
    });
    return await Promise.race([run, server.finished, nextStopSignal()]);
  } finally {
    await atMost(farewellMs, server.end());
    await atMost(farewellMs, service.end());
    server.dispose();
    forgetReady();
    taps.close();
  }
}

/** What is to hear every byte. @throws StartError */
function openTaps({ explain, recordFile }: ServeOptions): {
  readonly opens: readonly OpenTap[];
  close(): void;
} {
  const terminal = openConsole(2);
  const opens = explain === true ? [openExplainer((line) => terminal.line(line))] : [];
  if (recordFile === undefined) return { opens, close: () => undefined };
  const startedAt = new Date().toISOString();
  const head = { outstepRecord: recordFormat, version: version(), machine: machine(), startedAt } as const;
  const recorder = openRecorder(recordFile, head);
  return { opens: [...opens, recorder.open], close: () => recorder.close() };
}

/** @throws StartError */
export async function startTarget(server: GdbServer, target: Target, sendsOutput = false): Promise<void> {
  try {
    if (target.kind === 'attach') await server.attach(pidOf(target.pid));
    if (target.kind === 'program') {
      const launch = sendsOutput
        ? launchForFirstClient(server, target.program, target.args)
        : server.launch(target.program, target.args);
      await launch;
    }
  } catch (error) {
    // The session layer has said what happened.
    throw isOutstepError(error) ? new StartError('') : error;
  }
}

/** The loop over clients, which come and go beside each other. */
export class Service {
  readonly #server: GdbServer;
  readonly #endpoint: Endpoint;
  readonly #once: boolean;
  readonly #console: StatusConsole;
  readonly #onClient: () => void;
  readonly #openTap: OpenTap | undefined;
  readonly #connections = new Set<Connection>();
  #isFinished = false;

  constructor(
    server: GdbServer,
    endpoint: Endpoint,
    once: boolean,
    console: StatusConsole,
    onClient: () => void,
    openTap?: OpenTap,
  ) {
    this.#openTap = openTap;
    this.#server = server;
    this.#endpoint = endpoint;
    this.#once = once;
    this.#console = console;
    this.#onClient = onClient;
    void server.finished.then(() => {
      this.#isFinished = true;
      this.#endpoint.close();
    });
  }

  async run(): Promise<number> {
    const { notice } = this.#endpoint;
    if (notice !== undefined) this.#console.say({ status: 'notice', text: notice });
    this.#announce();
    for await (const client of this.#endpoint.clients) {
      this.#console.say({ status: 'connected', from: client.from });
      this.#onClient();
      const connection = client.serve(this.#server, {
        tap: this.#openTap?.(client.from),
        onSpoken: (isDebugger) => this.#onSpoken(isDebugger),
      });
      this.#connections.add(connection);
      const left = connection.gone.then(() => this.#onLeft(connection));
      if (!this.#endpoint.isShared) await left;
      if (this.#isFinished) break;
    }
    return this.#server.finished;
  }

  /** The one client of a server that serves once is a debugger. */
  #onSpoken(isDebugger: boolean): void {
    if (!isDebugger) this.#console.say({ status: 'turned-away' });
    else if (this.#once) this.#endpoint.close();
  }

  async #onLeft(connection: Connection): Promise<void> {
    this.#connections.delete(connection);
    if (this.#once) return;
    // The session layer decides a turn later whether this was the last client.
    await setImmediate();
    if (this.#isFinished || this.#connections.size > 0) return;
    this.#console.say({ status: 'disconnected' });
    this.#announce();
  }

  /** Takes no more clients; resolves when those that are there have been sent the last replies. */
  async end(): Promise<void> {
    this.#endpoint.close();
    await Promise.all([...this.#connections].map((connection) => connection.end()));
  }

  #announce(): void {
    const { place } = this.#endpoint;
    if (place !== undefined) this.#console.say({ status: 'listening', ...place });
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
