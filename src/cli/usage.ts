/** Help texts. The options are gdbserver's. */
import { subcommands } from './commands/index.js';

export const disableablePackets = [
  { name: 'vCont', meaning: 'vCont and vCont?' },
  { name: 'qC', meaning: 'the question for the current thread' },
  { name: 'qfThreadInfo', meaning: 'the list of threads' },
  { name: 'Tthread', meaning: 'the thread in T stop replies' },
  { name: 'T', meaning: 'T stop replies (S is sent instead)' },
  { name: 'threads', meaning: 'vCont, qC, qfThreadInfo and Tthread' },
] as const;

const usageColumn = 22;

export const debugComponents = ['threads', 'remote', 'event-loop'] as const;
export type DebugComponent = (typeof debugComponents)[number];

export const packetList = [
  'Packets that can be disabled:',
  ...disableablePackets.map(({ name, meaning }) => `  ${name.padEnd(14)}${meaning}`),
].join('\n');

/** What does not fit into the first column has a line of its own. */
function subcommandLine({ name, form, summary }: (typeof subcommands)[number]): string {
  const words = `${name} ${form}`.trimEnd();
  const indented =
    words.length < usageColumn ? words.padEnd(usageColumn) : `${words}\n${' '.repeat(usageColumn + 2)}`;
  return `  ${indented}${summary}`;
}

export const usage = `Usage:  outstep [OPTIONS] COMM PROG [ARGS ...]
        outstep [OPTIONS] --attach COMM PID
        outstep [OPTIONS] --multi COMM
        outstep COMMAND [ARGS ...]

COMM says where the debugger connects:
  HOST:PORT             TCP on the addresses of HOST; 0.0.0.0:PORT or [::]:PORT for all interfaces
  :PORT, PORT           TCP, from this machine only; port 0 picks a free one
  unix:PATH             a Unix domain socket
  /dev/NAME             a serial line
  -, stdio              standard input and output
PROG is started with ARGS, which are passed on as they are.

Modes:
  --attach              Attach to the running process PID.
  --multi               Start without a program; end only when told to.
  --once                End after the first connection has closed.
  --selftest[=NAME]     Run the built-in checks, or those whose name contains NAME.
  --help                Show this text.
  --version             Show the version.

Programs:
  --wrapper WRAPPER --  Run WRAPPER, which executes the program.
  --startup-with-shell, --no-startup-with-shell
                        Start programs through a shell (the default), or directly.
  --disable-randomization, --no-disable-randomization
                        Switch address space randomization off (the default), or leave it on.

Clients:
  --on-disconnect=detach|kill|stop
                        What becomes of a program whose client is lost. Unless given, stopped threads stay
                        stopped and running ones run on, until the next client or the server's end.
  --on-client-kill=detach|kill
                        Whether a client that kills a process which was attached to lets it go by that.

Programs that start this one:
  --json                Say what is said on standard error as JSON, an object a line.
  --port-file=FILE      When clients can connect, write the port (or the socket's path) to FILE.
  --ready-fd=N          When clients can connect, write the same to descriptor N and close it.

Commands (outstep COMMAND --help says more):
${subcommands.map(subcommandLine).join('\n')}

Debugging the debugger, and the server:
  --explain             Say every packet and every reply in words, on standard error.
  --record=FILE         Write every byte of the connections to FILE, for "outstep replay" and bug reports.
  --debug[=LIST]        Log components: all, ${debugComponents.join(', ')}; -NAME takes one out again.
  --remote-debug        The same as --debug=remote.
  --event-loop-debug    The same as --debug=event-loop.
  --debug-file=FILE     Write the log to FILE instead of standard error.
  --debug-format=LIST   all, none or timestamp: what to put before each line of the log.
  --disable-packet=LIST Answer some packets as if they were unknown; without LIST, show the names.
`;
