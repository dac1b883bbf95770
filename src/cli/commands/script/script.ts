/** `outstep script`: a script on the client library, and the server that it talks to, in one process. */

import { PassThrough } from 'node:stream';
import { hostProcess } from '../../../base/host-process.js';
import type { RspClient, ScriptContext } from '../../../client/index.js';
import { Tracer } from '../../../core/index.js';
import { DebugLog } from '../../../engines/gdb/debug-log.js';
import { GdbServer } from '../../../engines/gdb/server.js';
import { textConsole } from '../../../engines/gdb/status.js';
import { openStreamConnection } from '../../connection.js';
import type { Console } from '../../console.js';
import { startTarget } from '../../serve.js';
import { nextStopSignal } from '../../stop-signal.js';
import type { Target } from '../../target.js';
import { SharedTerminal } from '../../terminal.js';
import type { Streams } from '../subcommand.js';
import { type Client, loadClient, loadScript, ScriptError } from './load-script.js';
import { parseScriptWords } from './words.js';

export const usage = `Usage:  outstep script FILE [ARGS ...] -- PROG [ARGS ...]
        outstep script FILE [ARGS ...] --attach PID
        outstep script FILE [ARGS ...]

Runs FILE, a module in JavaScript or TypeScript, with a debug server on PROG or PID, or, without
either, on what the script itself starts. Its default export is a function:

  import type { ScriptContext } from 'outstep/client';

  export default async function ({ client, args, signal }: ScriptContext) {
    console.log(await client.continue());
  }

client     the client library (outstep/client), connected
args       the ARGS behind FILE
signal     an AbortSignal, for when the command is interrupted

When the function has ended, or threw an error (status 1), a program that was started is killed,
and a process that was attached to runs on without breakpoints. process.exitCode is the status
otherwise.
`;

export async function run(words: readonly string[], { errors }: Streams): Promise<number> {
  const { file, args, target } = parseScriptWords(words);
  try {
    const script = await loadScript(file);
    return await withServer(target, errors, (context) => script({ ...context, args }));
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    const { cause } = error;
    errors.line(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    return 1;
  }
}

/** @returns the exit status @throws ScriptError, StartError */
async function withServer(
  target: Target,
  errors: Console,
  use: (context: Omit<ScriptContext, 'args'>) => unknown,
): Promise<number> {
  const interruption = nextStopSignal();
  const abort = new AbortController();
  void interruption.then(() => abort.abort());
  const server = openServer(target.kind === 'none', errors);
  try {
    await startTarget(server, target);
    await using client = await connect(server, await loadClient());
    return await Promise.race([statusOf(() => use({ client, signal: abort.signal })), interruption]);
  } finally {
    await server.end();
    server.dispose();
  }
}

async function statusOf(use: () => unknown): Promise<number> {
  try {
    await use();
    return Number(hostProcess.exitCode ?? 0);
  } catch (error) {
    throw new ScriptError(error);
  }
}

function openServer(isMulti: boolean, errors: Console): GdbServer {
  const config = {
    once: false,
    multi: isMulti,
    startWithShell: false,
    disableRandomization: true,
    disabledPackets: new Set<string>(),
    redirectStdio: false,
    terminal: new SharedTerminal(),
  };
  return new GdbServer(new Tracer(), config, textConsole(errors), new DebugLog(() => undefined));
}

/** Through memory: no socket, and no other process to switch to. */
function connect(server: GdbServer, { RspClient }: Client): Promise<RspClient> {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  openStreamConnection(server, toServer, toClient);
  return RspClient.connect({ readable: toClient, writable: toServer });
}
