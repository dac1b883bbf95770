/**
 * `qRcmd`: what the user types behind `monitor`. The commands are those of GNU gdbserver, of two generations: with a
 * variable for each topic (up to 13), and `set debug TOPIC on|off`. Text goes to the user as `O` packets.
 */
import type { FieldReader } from 'gdb-js-rsp-parser';
import { describeEngines } from '../clients.js';
import type { DebugTopic } from '../debug-log.js';
import { defaultLibthreadDbPath } from '../libthread-db.js';
import { errno, failure, ok, type PacketEntry, packet, type Reply } from '../packet.js';
import type { GdbSession } from '../session.js';

interface MonitorCommand {
  /** Words before the arguments. */
  readonly name: string;
  readonly argumentForm: string;
  readonly explanation: string;
  /** @returns what went wrong; undefined: nothing */
  readonly run: (session: GdbSession, args: readonly string[]) => string | undefined;
}

const unknownCommand = 'Unknown monitor command.\n';

const switchWords: ReadonlyMap<string, boolean> = new Map([
  ['0', false],
  ['1', true],
  ['off', false],
  ['on', true],
]);

/** A command that switches one topic of the server's own log. */
function logSwitch(name: string, topic: DebugTopic, title: string): MonitorCommand {
  return {
    name,
    argumentForm: '0|1',
    explanation: `${title} in the log of the server itself`,
    run: (session, args) => {
      const on = args.length === 1 ? switchWords.get(args[0] ?? '') : undefined;
      if (on === undefined) return `${name} takes 0 or 1.`;
      switchTopics(session, [topic], on, title);
      return undefined;
    },
  };
}

function switchTopics(session: GdbSession, topics: readonly DebugTopic[], on: boolean, title: string): void {
  for (const topic of topics) session.server.log.set(topic, on);
  session.writeConsole(`${title} ${on ? 'enabled' : 'disabled'}.\n`);
}

const allTopics = ['threads', 'remote', 'event-loop'] as const;
const topicsByWord: ReadonlyMap<string, readonly DebugTopic[]> = new Map<string, readonly DebugTopic[]>([
  ['all', allTopics],
  ...allTopics.map((topic): [string, readonly DebugTopic[]] => [topic, [topic]]),
]);

/** From version 16 of GDB on `0` means everything, as `off` does, and the answers have other words. */
function setDebug(session: GdbSession, args: readonly string[]): string | undefined {
  const [first] = args;
  if (first === undefined) return unknownCommand;
  const hasTopic = !switchWords.has(first);
  const [value, junk] = hasTopic ? args.slice(1) : args;
  if (value === undefined) return `Missing value for 'set debug ${first}' command.`;
  const topics = hasTopic ? topicsByWord.get(first) : allTopics;
  if (topics === undefined) return `Error: unknown debug option '${first}'`;
  const on = switchWords.get(value);
  if (on === undefined) return `Invalid value '${value}' for 'set debug ${first}'.`;
  const isNew = session.features.has('errorMessage');
  const before = hasTopic ? `${first} ${value}` : value;
  if (junk !== undefined) return `Junk '${junk}' found at end of 'set debug ${before}' command.`;
  if (hasTopic) switchTopics(session, topics, on, `Debug output for '${first}'`);
  else if (value === '0' && !isNew) switchTopics(session, ['threads'], on, 'Debug output');
  else if (!on) switchTopics(session, allTopics, on, 'All debug output');
  else
    switchTopics(session, ['threads'], on, value === 'on' || isNew ? 'General debug output' : 'Debug output');
  return undefined;
}

const formatAnswers: ReadonlyMap<string, { readonly timestamps: boolean; readonly answer: string }> = new Map(
  [
    ['all', { timestamps: true, answer: 'All extra debug format options enabled.' }],
    ['none', { timestamps: false, answer: 'All extra debug format options disabled.' }],
    ['timestamp', { timestamps: true, answer: 'Timestamps will be added to debug output.' }],
  ],
);

function setDebugFormat(session: GdbSession, args: readonly string[]): string | undefined {
  if (args.length === 0) return unknownCommand;
  const options = args.join(' ').split(',');
  const unknown = options.find((option) => option !== '' && !formatAnswers.has(option));
  if (unknown !== undefined) return `Unknown debug-format argument: "${unknown}"`;
  for (const option of options) {
    const format = formatAnswers.get(option);
    if (format === undefined) continue;
    session.server.log.timestamps = format.timestamps;
    session.writeConsole(`${format.answer}\n`);
  }
  return undefined;
}

export const monitorCommands: readonly MonitorCommand[] = [
  {
    name: 'help',
    argumentForm: '',
    explanation: 'This list',
    run: (session) => {
      showHelp(session);
      return undefined;
    },
  },
  {
    name: 'exit',
    argumentForm: '',
    // GDB's own tests know a server of this kind by the first two words.
    explanation: 'Quit GDBserver: kill what was started, let go what was attached to, end',
    run: (session) => {
      const { server } = session;
      session.afterReply(() => server.end().catch((error: unknown) => server.complain(error)));
      return undefined;
    },
  },
  {
    name: 'set debug',
    argumentForm: '[all|threads|remote|event-loop] on|off|0|1',
    explanation: 'Topics of the log of the server itself; without a topic: threads, but off ends all',
    run: setDebug,
  },
  {
    name: 'why',
    argumentForm: '',
    explanation: 'Why the latest request of each kind failed: gdb before version 16 does not show it',
    run: (session) => {
      const lines = session.failures.lines();
      session.writeConsole(`${lines.length === 0 ? 'Nothing has failed.' : lines.join('\n')}\n`);
      return undefined;
    },
  },
  logSwitch('set debug-hw-points', 'hw-points', 'H/W point debugging output'),
  logSwitch('set remote-debug', 'remote', 'Protocol debug output'),
  logSwitch('set event-loop-debug', 'event-loop', 'Event loop debug output'),
  {
    name: 'set debug-format',
    argumentForm: 'all|none|timestamp[,...]',
    explanation: 'Whether lines of the log begin with the time',
    run: setDebugFormat,
  },
  {
    name: 'engines',
    argumentForm: '',
    explanation: 'Who else is on each process, and whether they hold it',
    run: (session) => {
      for (const process of session.processes)
        for (const line of describeEngines(process)) session.writeConsole(`${line}\n`);
      return undefined;
    },
  },
  {
    name: 'observe',
    argumentForm: 'on|off',
    explanation: 'Whether this client looks only: it changes nothing and decides nothing for the others',
    run: (session, args) => {
      const on = args.length === 1 ? switchWords.get(args[0] ?? '') : undefined;
      if (on === undefined) return 'observe takes on or off.';
      session.permissions.observe(on);
      session.writeConsole(on ? 'This client only observes now.\n' : 'This client may do everything now.\n');
      return undefined;
    },
  },
  {
    name: 'show breakpoint-steps',
    argumentForm: '',
    explanation: 'How threads go past each breakpoint; in place means with all others stopped, and says why',
    run: (session) => {
      for (const { pid, sites } of session.processes)
        for (const [address, how] of sites.descriptions())
          session.writeConsole(`process ${pid}, 0x${address.toString(16)}: ${how}\n`);
      return undefined;
    },
  },
  {
    name: 'set libthread-db-search-path',
    argumentForm: '[PATH]',
    explanation: 'Not needed; a path without libthread_db turns thread-local variables off',
    run: (session, [path = defaultLibthreadDbPath]) => {
      session.server.libthreadDbPath = path;
      session.writeConsole(`libthread-db-search-path set to \`${path}'\n`);
      return undefined;
    },
  },
];

function showHelp(session: GdbSession): void {
  const lines = monitorCommands.map(({ name, argumentForm, explanation }) =>
    [`  ${name} ${argumentForm}`.trimEnd(), `    ${explanation}`].join('\n'),
  );
  session.writeConsole(`The following monitor commands are supported:\n${lines.join('\n')}\n`);
}

/** The command whose words the line begins with, the longest of them, and the words behind. */
export function findMonitorCommand(
  line: string,
): { readonly command: MonitorCommand; readonly args: readonly string[] } | undefined {
  const words = line.split(/\s+/).filter((word) => word !== '');
  for (let count = words.length; count > 0; count -= 1) {
    const name = words.slice(0, count).join(' ');
    const command = monitorCommands.find((one) => one.name === name);
    if (command !== undefined) return { command, args: words.slice(count) };
  }
  return undefined;
}

function runCommand(session: GdbSession, line: string): Reply {
  const found = findMonitorCommand(line);
  const mistake = found === undefined ? unknownCommand : found.command.run(session, found.args);
  if (mistake === undefined) return ok;
  session.writeConsole(`${mistake}\n`);
  showHelp(session);
  return failure(errno.general);
}

function parseCommand(fields: FieldReader): string {
  fields.expect(',');
  const line = fields.hexText();
  fields.expectEnd();
  return line;
}

export const monitorPackets: readonly PacketEntry[] = [
  packet({ name: 'qRcmd', parse: parseCommand, run: runCommand }),
];
