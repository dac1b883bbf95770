/** What the server says while it serves: an object for each fact, and gdbserver's text for it, which tools wait for. */
import { signalName } from 'gdb-js-rsp-parser';
import { isOutstepError, linesOf } from '../../base/errors.js';
import type { ExitStatus } from '../../core/index.js';

/** What a server tells whoever runs it. Its sentences are gdbserver's where that says the same. */
export type ServerStatus =
  | { readonly status: 'created'; readonly pid: number; readonly program: string }
  | { readonly status: 'attached'; readonly pid: number }
  | { readonly status: 'detaching'; readonly pid: number }
  /** A client has asked for it, and `--on-client-kill` is against it. */
  | { readonly status: 'not-killed'; readonly pid: number }
  /** Let go by its client, and held on to for what is to outlive the client. */
  | { readonly status: 'kept'; readonly pid: number; readonly cause: 'tracing' | 'commands' }
  | { readonly status: 'killing-all' }
  /** The server ends. */
  | { readonly status: 'releasing'; readonly how: 'kill' | 'detach'; readonly pids: readonly number[] }
  | { readonly status: 'client-lost'; readonly pid: number; readonly how: 'kill' | 'detach' }
  | { readonly status: 'trace-stopped' }
  | { readonly status: 'ended'; readonly pid: number; readonly exit: ExitStatus }
  /** What was tried and why it failed; then what helps. `isSaid`: a shell has said the reason in its own words. */
  | { readonly status: 'failed'; readonly lines: readonly string[]; readonly isSaid: boolean };

export function failedStatus(error: unknown): ServerStatus {
  return { status: 'failed', lines: linesOf(error), isSaid: isOutstepError(error) && error.isSaid };
}

type Texts = {
  readonly [Kind in ServerStatus['status']]: (
    status: Extract<ServerStatus, { readonly status: Kind }>,
  ) => string | readonly string[];
};

const texts: Texts = {
  created: ({ program, pid }) => `Process ${program} created; pid = ${pid}`,
  attached: ({ pid }) => `Attached; pid = ${pid}`,
  detaching: ({ pid }) => `Detaching from process ${pid}`,
  'not-killed': ({ pid }) =>
    `The client wants process ${pid} killed; it is let go instead (--on-client-kill)`,
  kept: ({ cause }) =>
    `${cause === 'tracing' ? 'Disconnected tracing in effect' : 'Persistent commands are present'}, leaving gdbserver attached to the process`,
  'killing-all': () => 'Killing all inferiors',
  releasing: ({ how, pids }) => `${how === 'kill' ? 'Killing' : 'Detaching'} process(es): ${pids.join(' ')}`,
  'client-lost': ({ pid, how }) =>
    `The client is lost: ${how === 'kill' ? 'killing' : 'detaching from'} process ${pid}`,
  'trace-stopped': () => 'The trace run stops: no client is left',
  ended: ({ exit }) => ['', describeExit(exit)],
  // Scripts that wait for gdbserver's lines know none between this one and the next.
  failed: ({ lines, isSaid }) => (isSaid ? lines.slice(0, 1) : lines),
};

function describeExit(exit: ExitStatus): string {
  if (exit.kind === 'exited') return `Child exited with status ${exit.code}`;
  return `Child terminated with signal = 0x${exit.signal.toString(16)} (${signalName(exit.signal)})`;
}

/** Its lines. */
export function statusLines(status: ServerStatus): readonly string[] {
  const textOf = texts[status.status] as (one: ServerStatus) => string | readonly string[];
  const lines = textOf(status);
  return typeof lines === 'string' ? [lines] : lines;
}

/** Where the server says what it has to say. */
export interface ServerConsole {
  /** Called for each status, in order. */
  say(status: ServerStatus): void;
  /** Output of commands that run in the server, as it is. */
  print(output: Uint8Array): void;
}

/** In gdbserver's words. */
export function textConsole(output: {
  line(text: string): void;
  print(output: Uint8Array): void;
}): ServerConsole {
  return {
    say: (status) => {
      for (const line of statusLines(status)) output.line(line);
    },
    print: (bytes) => output.print(bytes),
  };
}
