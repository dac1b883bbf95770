/** Which system calls are meant by an expression: names, numbers, `%class`, `/regex`, `all`, `none`, `!` in front of the whole. */
import type { SystemCallTable } from '../../../arch/system-call-table.js';
import { type CaughtSystemCalls, wishFor } from '../../core/index.js';
import { classMembers } from './call-classes.js';

/** The expression cannot be understood; the message says why. */
export class SelectionError extends Error {}

/** Whether a call is meant, by its name and its number on its machine. */
type Matcher = (name: string, number: number) => boolean;

/** Some system calls, by name or class: which numbers that are depends on the machine of the process. */
export class CallSelection {
  static readonly all = new CallSelection('all', []);
  static readonly none = new CallSelection('none', []);
  readonly #kind: 'all' | 'none' | 'some' | 'others';
  readonly #matchers: readonly Matcher[];
  readonly #wishes = new Map<SystemCallTable, CaughtSystemCalls>();

  private constructor(kind: 'all' | 'none' | 'some' | 'others', matchers: readonly Matcher[]) {
    this.#kind = kind;
    this.#matchers = matchers;
  }

  /**
   * @param tables those of the machine's programs, by which names are checked
   * @throws SelectionError
   */
  static parse(expression: string, tables: readonly SystemCallTable[]): CallSelection {
    const isNegated = expression.startsWith('!');
    const list = isNegated ? expression.slice(1) : expression;
    if (list === 'all' || list === 'none')
      return (list === 'all') === isNegated ? CallSelection.none : CallSelection.all;
    const matchers = list.split(',').map((word) => matcherFor(word, tables));
    return new CallSelection(isNegated ? 'others' : 'some', matchers);
  }

  /** Whether a call is selected: by its name, and its number for those that have none. */
  has(name: string, number: number): boolean {
    if (this.#kind === 'all' || this.#kind === 'none') return this.#kind === 'all';
    return this.#matchers.some((matches) => matches(name, number)) === (this.#kind === 'some');
  }

  /** For programs with these calls. */
  caughtIn(table: SystemCallTable): CaughtSystemCalls {
    if (this.#kind === 'all' || this.#kind === 'none') return this.#kind;
    const known = this.#wishes.get(table);
    if (known !== undefined) return known;
    const isRest = this.#kind === 'others';
    const numbers = new Set<number>();
    for (const [number, name] of table.names) if (this.has(name, number) !== isRest) numbers.add(number);
    for (const number of this.#plainNumbers) numbers.add(number);
    // Those that have no name are among the others as well.
    const wish = wishFor({ numbers, isRest });
    this.#wishes.set(table, wish);
    return wish;
  }

  /** Numbers that were given as such may have no name. */
  get #plainNumbers(): readonly number[] {
    return this.#matchers.flatMap((matcher) => ('number' in matcher ? [Number(matcher.number)] : []));
  }
}

function matcherFor(written: string, tables: readonly SystemCallTable[]): Matcher {
  const isOptional = written.startsWith('?');
  const word = isOptional ? written.slice(1) : written;
  if (word === '') throw new SelectionError(`a name of a system call is missing in "${written}"`);
  if (/^\d+$/.test(word)) {
    const number = Number(word);
    return Object.assign((_name: string, candidate: number) => candidate === number, { number });
  }
  if (word.startsWith('/')) return regexMatcher(word.slice(1), tables, isOptional);
  if (word.startsWith('%')) {
    const members = classMembers(word.slice(1));
    if (members === undefined) throw new SelectionError(`no class of system calls is called "${word}"`);
    return (name) => members(name);
  }
  const exists = tables.some((table) => table.numberOf(word) !== undefined);
  const members = exists ? undefined : classMembers(word);
  if (members !== undefined) return (name) => members(name);
  if (!exists && !isOptional) throw new SelectionError(`no system call is called "${word}"`);
  return (name) => name === word;
}

function regexMatcher(text: string, tables: readonly SystemCallTable[], isOptional: boolean): Matcher {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text);
  } catch (error) {
    throw new SelectionError(`"/${text}" is no regular expression: ${String(error)}`);
  }
  const matchesAny = tables.some((table) => [...table.names.values()].some((name) => pattern.test(name)));
  if (!matchesAny && !isOptional) throw new SelectionError(`no system call matches "/${text}"`);
  return (name) => pattern.test(name);
}
