/** What the command says while it serves, in gdbserver's words or as JSON. */
import { type ServerConsole, type ServerStatus, statusLines } from '../engines/gdb/status.js';
import type { Console } from './console.js';

/** Where clients connect. */
export type Place = { readonly port: number } | { readonly path: string };

export function portOf(place: Place | undefined): number | undefined {
  return place !== undefined && 'port' in place ? place.port : undefined;
}

export type CommandStatus =
  | ServerStatus
  /** Who can connect, where that may surprise. */
  | { readonly status: 'notice'; readonly text: string }
  | ({ readonly status: 'listening' } & Place)
  /** `from`: as it follows "Remote debugging ". */
  | { readonly status: 'connected'; readonly from: string }
  /** Who has connected is no debugger, and was told what this is. */
  | { readonly status: 'turned-away' }
  /** The last client has gone, and the next one may come. */
  | { readonly status: 'disconnected' }
  /** The program does not get the server's standard input and output: they are the connection. */
  | { readonly status: 'redirected' }
  | { readonly status: 'exiting' };

export interface StatusConsole extends ServerConsole {
  say(status: CommandStatus): void;
}

function linesOfStatus(status: CommandStatus): readonly string[] {
  switch (status.status) {
    case 'notice':
      return [status.text];
    case 'listening':
      return [`Listening on ${'port' in status ? `port ${status.port}` : status.path}`];
    case 'connected':
      return [`Remote debugging ${status.from}`];
    case 'turned-away':
      return ['That was an HTTP request: it was told what this is, and sent away.'];
    case 'disconnected':
      return ['Remote side has terminated connection.  GDBserver will reopen the connection.'];
    case 'redirected':
      return ['stdin/stdout redirected'];
    case 'exiting':
      return ['Exiting'];
    default:
      return statusLines(status);
  }
}

/** A line each, which is out when the call returns: tools wait for them. `json`: an object each. */
export function statusConsole(console: Console, json: boolean): StatusConsole {
  return {
    say: (status) => {
      for (const line of json ? [JSON.stringify(status)] : linesOfStatus(status)) console.line(line);
    },
    print: (output) => console.print(output),
  };
}
