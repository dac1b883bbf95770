/** Joins one byte stream, of whatever kind, to a session of the server. */
import { finished, type Readable, type Writable } from 'node:stream';
import type { GdbServer } from '../engines/gdb/server.js';

/** The two directions of a connection; for a socket they are the same object. */
export interface ByteStream {
  readonly input: Readable;
  readonly output: Writable;
}

export interface Connection {
  /** Resolves when the client has gone, in whatever way, and its session has been told. */
  readonly gone: Promise<void>;
  /** Sends what is still on its way, then ends the connection. */
  end(): Promise<void>;
}

export function openConnection(server: GdbServer, stream: ByteStream): Connection {
  const { input, output } = stream;
  const session = server.accept({
    write: (bytes) => {
      if (!output.destroyed && !output.writableEnded) output.write(bytes);
    },
    close: () => output.end(),
  });
  const gone = new Promise<void>((resolve) => {
    let isGone = false;
    const leave = (): void => {
      if (isGone) return;
      isGone = true;
      session.closed();
      input.destroy();
      output.destroy();
      resolve();
    };
    finished(input, { writable: false }, leave);
    output.on('error', leave);
  });
  input.on('data', (chunk: Uint8Array) => session.receive(chunk));
  input.resume();
  return { gone, end: () => endOutput(output) };
}

function endOutput(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (output.destroyed || output.writableFinished) resolve();
    else output.end(() => resolve());
  });
}
