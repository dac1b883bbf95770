/** `outstep lldb-server`: LLDB's server by its own command line. */
import { closeSync, writeFileSync } from 'node:fs';
import { nativeBinding } from '../../../native/binding.js';
import { serve } from '../../serve.js';
import { statusConsole } from '../../status.js';
import { version } from '../../version.js';
import type { Streams } from '../subcommand.js';
import { type PortReceivers, parseLldbServer } from './options.js';

export const usage = `Usage:  outstep lldb-server gdbserver [OPTIONS] [HOST]:PORT [[--] PROG ARGS ...]
        outstep lldb-server platform [--server] --listen [HOST]:PORT
        outstep lldb-server version

The command line of LLDB's server; a link named lldb-server to outstep is the same.

gdbserver: one client, and the program that it debugs.
  --attach PID-OR-NAME  Attach to a running process.
  --fd FD               The connection is an open socket.
  --reverse-connect     Connect to a client that waits at HOST:PORT.
  --pipe FD, --named-pipe PATH
                        Write the port there; port 0 picks a free one.
  --setsid              In a session of its own.

platform: clients upload programs, run commands and debug, all through one port.
  --server              Serve one client after the other, until stopped.
  --listen [HOST]:PORT  Where; *:PORT for all addresses.
  --port-file PATH      Write the port there.
  --min-gdbserver-port, --max-gdbserver-port, --gdbserver-port, --port-offset
                        Are read; no further port is needed.

Both:
  --log-file FILE, --log-channels "gdb-remote packets"
                        Log the packets, to standard error unless there is a file.
`;

export async function run(words: readonly string[], { output, errors }: Streams): Promise<number> {
  const command = parseLldbServer(words);
  if (typeof command === 'string') {
    output.line(command === 'version' ? `outstep ${version()}` : usage.trimEnd());
    return 0;
  }
  const { serve: options, portReceivers, isSession } = command;
  if (isSession) nativeBinding().newSession();
  const onListening = (port: number): void => tellPort(port, portReceivers);
  return serve({ ...options, onListening }, statusConsole(errors, false), () => undefined);
}

function tellPort(port: number, { pipe, namedPipe, files }: PortReceivers): void {
  for (const path of files) writeFileSync(path, String(port));
  if (namedPipe !== undefined) writeFileSync(namedPipe, `${port}\0`);
  if (pipe === undefined) return;
  writeFileSync(pipe, `${port}\0`);
  closeSync(pipe);
}
