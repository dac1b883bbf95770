/**
 * The command line, with gdbserver's spelling and meaning: options stand before COMM (only --attach may follow it),
 * and everything after PROG belongs to the program, whatever it looks like.
 */
import { parseArgs } from 'node:util';
import { type DebugComponent, debugComponents, disableablePackets } from './usage.js';
import { UsageError } from './usage-error.js';

export interface DebugOptions {
  readonly components: ReadonlySet<DebugComponent>;
  /** Where the log goes; undefined: standard error. */
  readonly file: string | undefined;
  readonly timestamp: boolean;
}

export type Target =
  | { readonly kind: 'program'; readonly program: string; readonly args: readonly string[] }
  | { readonly kind: 'attach'; readonly pid: number }
  | { readonly kind: 'none' };

export interface ServeOptions {
  /** The connection argument, not yet decoded. */
  readonly comm: string;
  readonly target: Target;
  readonly once: boolean;
  readonly multi: boolean;
  readonly wrapper: readonly string[] | undefined;
  readonly startWithShell: boolean;
  readonly disableRandomization: boolean;
  /** Names out of `disableablePackets`. */
  readonly disabledPackets: ReadonlySet<string>;
  readonly debug: DebugOptions;
}

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
}

interface OptionRule {
  readonly value: 'none' | 'optional' | 'required';
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
    applyOption(settings, token.rawName, token.value);
  }
  return [];
}

function applyOption(settings: Settings, rawName: string, value: string | undefined): void {
  const name = rawName.startsWith('--') ? rawName.slice(2) : '';
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (rule === undefined || (rule.value === 'none' && value !== undefined)) {
    throw new UsageError(`Unknown argument: ${value === undefined ? rawName : `${rawName}=${value}`}`);
  }
  if (rule.value === 'required' && (value === undefined || value === '')) {
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
  };
}

function programTarget(words: readonly string[], multi: boolean): Target {
  const [program, ...args] = words;
  if (program !== undefined) return { kind: 'program', program, args };
  if (multi) return { kind: 'none' };
  throw new UsageError('The program (PROG) is missing.');
}

function attachTarget(words: readonly string[]): Target {
  const [text] = words;
  if (text === undefined) throw new UsageError('The process (PID) is missing.');
  if (words.length > 1) throw new UsageError(`Nothing may follow the process id: ${words[1]}`);
  const pid = /^(?:[0-9]+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : 0;
  if (pid < 1 || pid > 0x7fffffff) throw new UsageError(`Not a process id: ${text}`);
  return { kind: 'attach', pid };
}
