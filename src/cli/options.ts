/**
 * The command line, with gdbserver's spelling and meaning: options stand before COMM (only --attach may follow it),
 * and everything after PROG belongs to the program, whatever it looks like.
 */
import { parseArgs } from 'node:util';
import type { Comm } from './comm.js';
import { attachTarget, type Target } from './target.js';
import { type DebugComponent, debugComponents, disableablePackets } from './usage.js';
import { UsageError } from './usage-error.js';

export interface DebugOptions {
  readonly components: ReadonlySet<DebugComponent>;
  /** Where the log goes; undefined: standard error. */
  readonly file: string | undefined;
  readonly timestamp: boolean;
}

export interface ServeOptions {
  /** The connection argument, decoded or not. */
  readonly comm: string | Comm;
  readonly target: Target;
  readonly once: boolean;
  readonly multi: boolean;
  readonly wrapper: readonly string[] | undefined;
  readonly startWithShell: boolean;
  readonly disableRandomization: boolean;
  /** Names out of `disableablePackets`. */
  readonly disabledPackets: ReadonlySet<string>;
  readonly debug: DebugOptions;
  /** What the program prints is sent to the client. */
  readonly sendsOutput?: boolean;
  /** Told of the TCP port that clients come to, before the first comes. */
  readonly onListening?: (port: number) => void;
  /** What is said on standard error is said as JSON. */
  readonly json?: boolean;
  /** Every packet is said in words. */
  readonly explain?: boolean;
  /** Where every byte of the connections goes as well. */
  readonly recordFile?: string | undefined;
  readonly portFile?: string | undefined;
  readonly readyFd?: number | undefined;
  readonly onDisconnect?: (typeof fates)[number] | undefined;
  readonly onClientKill?: (typeof killMeanings)[number] | undefined;
}

/** Of a process whose client is lost. */
const fates = ['detach', 'kill', 'stop'] as const;
/** Of a client's request to kill a process that was attached to. */
const killMeanings = ['kill', 'detach'] as const;

export type Command =
  | { readonly kind: 'serve'; readonly options: ServeOptions }
  | { readonly kind: 'selftest'; readonly filter: string }
  | { readonly kind: 'help' | 'version' | 'list-packets' };

/** What the options said so far; later ones override earlier ones. */
interface Settings {
  command: Exclude<Command, { kind: 'serve' }> | undefined;
  once: boolean;
  multi: boolean;
  attach: boolean;
  wrapper: readonly string[] | undefined;
  startWithShell: boolean;
  disableRandomization: boolean;
  readonly disabledPackets: Set<string>;
  readonly debugComponents: Set<DebugComponent>;
  debugFile: string | undefined;
  timestamp: boolean;
  json: boolean;
  explain: boolean;
  recordFile: string | undefined;
  portFile: string | undefined;
  readyFd: number | undefined;
  onDisconnect: ServeOptions['onDisconnect'];
  onClientKill: ServeOptions['onClientKill'];
}

interface OptionRule {
  /** `word`: behind `=`, or the next word. */
  readonly value: 'none' | 'optional' | 'required' | 'word';
  readonly apply: (settings: Settings, value: string) => void;
}

function flag(apply: (settings: Settings) => void): OptionRule {
  return { value: 'none', apply };
}

const rules: Readonly<Record<string, OptionRule>> = {
  once: flag((s) => {
    s.once = true;
  }),
  multi: flag((s) => {
    s.multi = true;
  }),
  attach: flag((s) => {
    s.attach = true;
  }),
  'startup-with-shell': flag((s) => {
    s.startWithShell = true;
  }),
  'no-startup-with-shell': flag((s) => {
    s.startWithShell = false;
  }),
  'disable-randomization': flag((s) => {
    s.disableRandomization = true;
  }),
  'no-disable-randomization': flag((s) => {
    s.disableRandomization = false;
  }),
  'remote-debug': flag((s) => s.debugComponents.add('remote')),
  'event-loop-debug': flag((s) => s.debugComponents.add('event-loop')),
  debug: { value: 'optional', apply: selectDebugComponents },
  'debug-file': {
    value: 'required',
    apply: (s, value) => {
      s.debugFile = value;
    },
  },
  'debug-format': { value: 'required', apply: selectDebugFormat },
  'disable-packet': { value: 'optional', apply: disablePackets },
  json: flag((s) => {
    s.json = true;
  }),
  explain: flag((s) => {
    s.explain = true;
  }),
  record: {
    value: 'word',
    apply: (s, value) => {
      s.recordFile = value;
    },
  },
  'port-file': {
    value: 'word',
    apply: (s, value) => {
      s.portFile = value;
    },
  },
  'ready-fd': {
    value: 'word',
    apply: (s, value) => {
      if (!/^\d{1,9}$/.test(value)) throw new UsageError(`Not a descriptor: --ready-fd=${value}`);
      s.readyFd = Number(value);
    },
  },
  'on-disconnect': {
    value: 'word',
    apply: (s, value) => {
      s.onDisconnect = oneOf(fates, '--on-disconnect', value);
    },
  },
  'on-client-kill': {
    value: 'word',
    apply: (s, value) => {
      s.onClientKill = oneOf(killMeanings, '--on-client-kill', value);
    },
  },
  help: flag((s) => {
    s.command ??= { kind: 'help' };
  }),
  version: flag((s) => {
    s.command ??= { kind: 'version' };
  }),
  selftest: {
    value: 'optional',
    apply: (s, value) => {
      s.command ??= { kind: 'selftest', filter: value };
    },
  },
};

function oneOf<Word extends string>(words: readonly Word[], option: string, value: string): Word {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new UsageError(`${option} is one of ${words.join(', ')}, not "${value}"`);
  return found;
}

function selectDebugComponents(settings: Settings, list: string): void {
  for (const item of list === '' ? ['threads'] : list.split(',')) {
    const isRemoved = item.startsWith('-');
    const name = isRemoved ? item.slice(1) : item;
    const chosen = debugComponents.filter((component) => name === 'all' || name === component);
    if (chosen.length === 0) throw new UsageError(`Unknown debug component: "${name}"`, 'none');
    for (const component of chosen) {
      if (isRemoved) settings.debugComponents.delete(component);
      else settings.debugComponents.add(component);
    }
  }
}

function selectDebugFormat(settings: Settings, list: string): void {
  settings.timestamp = false;
  for (const item of list.split(',')) {
    if (item === 'none') settings.timestamp = false;
    else if (item === 'all' || item === 'timestamp') settings.timestamp = true;
    else throw new UsageError(`Unknown debug-format argument: "${item}"`, 'none');
  }
}

function disablePackets(settings: Settings, list: string): void {
  if (list === '') {
    settings.command ??= { kind: 'list-packets' };
    return;
  }
  for (const name of list.split(',')) {
    if (!disableablePackets.some((packet) => packet.name === name)) {
      throw new UsageError(`Don't know how to disable "${name}".`, 'packets');
    }
    settings.disabledPackets.add(name);
  }
}

/** @param argv without node and the script. @throws UsageError */
export function parseCommandLine(argv: readonly string[]): Command {
  const settings: Settings = {
    command: undefined,
    once: false,
    multi: false,
    attach: false,
    wrapper: undefined,
    startWithShell: true,
    disableRandomization: true,
    disabledPackets: new Set(),
    debugComponents: new Set(),
    debugFile: undefined,
    timestamp: false,
    json: false,
    explain: false,
    recordFile: undefined,
    portFile: undefined,
    readyFd: undefined,
    onDisconnect: undefined,
    onClientKill: undefined,
  };
  const operands = applyOptions(settings, argv);
  return settings.command ?? { kind: 'serve', options: serveOptions(settings, operands) };
}

/** Carries out the options; what is left starts with COMM. */
function applyOptions(settings: Settings, argv: readonly string[]): readonly string[] {
  const { tokens } = parseArgs({ args: [...argv], strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (settings.command !== undefined) return [];
    if (token.kind === 'positional') return argv.slice(token.index);
    if (token.kind === 'option-terminator') throw new UsageError('Unknown argument: --');
    if (argv[token.index] === '--wrapper') {
      return applyOptions(settings, takeWrapper(settings, argv.slice(token.index + 1)));
    }
    if (takesWord(token.rawName) && token.value === undefined) {
      applyOption(settings, token.rawName, argv[token.index + 1]);
      return applyOptions(settings, argv.slice(token.index + 2));
    }
    applyOption(settings, token.rawName, token.value);
  }
  return [];
}

function ruleOf(rawName: string): OptionRule | undefined {
  const name = rawName.startsWith('--') ? rawName.slice(2) : '';
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

function takesWord(rawName: string): boolean {
  return ruleOf(rawName)?.value === 'word';
}

function applyOption(settings: Settings, rawName: string, value: string | undefined): void {
  const rule = ruleOf(rawName);
  if (rule === undefined || (rule.value === 'none' && value !== undefined)) {
    throw new UsageError(`Unknown argument: ${value === undefined ? rawName : `${rawName}=${value}`}`);
  }
  if ((rule.value === 'required' || rule.value === 'word') && (value === undefined || value === '')) {
    throw new UsageError(`A value is missing: ${rawName}=...`);
  }
  rule.apply(settings, value ?? '');
}

/** The words up to `--` are the wrapper; returns what follows. */
function takeWrapper(settings: Settings, words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  if (end < 0) throw new UsageError('--wrapper needs -- after the wrapper command.');
  if (end === 0) throw new UsageError('--wrapper needs a command.');
  settings.wrapper = words.slice(0, end);
  return words.slice(end + 1);
}

function serveOptions(settings: Settings, operands: readonly string[]): ServeOptions {
  const [comm, ...rest] = operands;
  if (comm === undefined) throw new UsageError('The connection argument (COMM) is missing.');
  const attachFollows = rest[0] === '--attach';
  const target =
    settings.attach || attachFollows
      ? attachTarget(attachFollows ? rest.slice(1) : rest)
      : programTarget(rest, settings.multi);
  return {
    comm,
    target,
    once: settings.once,
    multi: settings.multi,
    wrapper: settings.wrapper,
    startWithShell: settings.startWithShell,
    disableRandomization: settings.disableRandomization,
    disabledPackets: settings.disabledPackets,
    debug: {
      components: settings.debugComponents,
      file: settings.debugFile,
      timestamp: settings.timestamp,
    },
    json: settings.json,
    explain: settings.explain,
    recordFile: settings.recordFile,
    portFile: settings.portFile,
    readyFd: settings.readyFd,
    onDisconnect: settings.onDisconnect,
    onClientKill: settings.onClientKill,
  };
}

function programTarget(words: readonly string[], multi: boolean): Target {
  const [program, ...args] = words;
  if (program !== undefined) return { kind: 'program', program, args };
  if (multi) return { kind: 'none' };
  throw new UsageError('The program (PROG) is missing.');
}
