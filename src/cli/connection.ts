/** Joins one byte stream, of whatever kind, to a session of the server. */
import type { Readable, Writable } from 'node:stream';
import type { GdbServer } from '../engines/gdb/server.js';
import { NativeCodec } from './native-codec.js';
import type { WireTap } from './wire/tap.js';

export interface Connection {
  /** Resolves when the client has gone, in whatever way, and its session has been told. */
  readonly gone: Promise<void>;
  /** Sends what is still on its way, then ends the connection. */
  end(): Promise<void>;
}

/** Who hears of a connection. */
export interface ConnectionEars {
  readonly tap?: WireTap | undefined;
  /**
   * Called once, when the client has sent something or has gone, before that is looked at; with false when it has turned
   * out to be no debugger, which was told so and sent away.
   */
  readonly onSpoken?: ((isDebugger: boolean) => void) | undefined;
}

/** A connection over streams of Node: serial lines, pipes, terminals and files. */
export function openStreamConnection(
  server: GdbServer,
  input: Readable,
  output: Writable,
  { tap, onSpoken }: ConnectionEars = {},
): Connection {
  const session = server.accept({
    write: (bytes) => {
      tap?.toClient(bytes);
      // A stream keeps what it is given; the writer uses its buffer again.
      if (!output.destroyed && !output.writableEnded) output.write(bytes.slice());
    },
    close: () => output.end(),
    codec: new NativeCodec(),
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
    input.once('end', leave);
    input.once('close', leave);
    input.once('error', leave);
    output.on('error', leave);
  });
  input.on('data', (chunk: Uint8Array) => {
    tap?.fromClient(chunk);
    session.receive(chunk);
  });
  input.resume();
  onSpoken?.(true);
  return { gone, end: () => endOutput(output) };
}

function endOutput(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (output.destroyed || output.writableFinished) resolve();
    else output.end(() => resolve());
  });
}
