/** What stands behind -e: which calls and signals are shown, and what is done to calls on purpose. */

import { modulesOn } from '../../../../arch/index.js';
import { systemCallsOf } from '../../../../arch/system-calls.js';
import { type KernelSignal, kernelSignal } from '../../../base/ids.js';
import {
  CallSelection,
  type CallStatus,
  callStatuses,
  type DescriptorSet,
  errorNumberOf,
  type Injection,
  type Occasions,
  SelectionError,
  signalNumber,
  type TraceOptions,
} from '../../../engines/syscalls/index.js';
import { nativeBinding } from '../../../native/binding.js';
import { UsageError } from '../../usage-error.js';
import { durationMs } from './times.js';

export interface Expressions {
  readonly calls: CallSelection;
  readonly signals: (signal: KernelSignal) => boolean;
  readonly injections: readonly Injection[];
  readonly statuses: ReadonlySet<CallStatus> | undefined;
  readonly raw: CallSelection | undefined;
  readonly dumps: TraceOptions['dumps'];
  readonly isWhole: boolean;
  readonly quiet: ReadonlySet<QuietWord>;
}

/** What is not told of. */
export const quietWords = ['attach', 'exit', 'path-resolution', 'personality', 'thread-execve'] as const;
export type QuietWord = (typeof quietWords)[number];

const always: Occasions = { first: 1, last: Number.POSITIVE_INFINITY, step: 1 };

/** @throws UsageError */
export function parseExpressions(expressions: readonly string[]): Expressions {
  let calls = CallSelection.all;
  let signals: Expressions['signals'] = () => true;
  const injections: Injection[] = [];
  const read: DescriptorSet[] = [];
  const written: DescriptorSet[] = [];
  let statuses: Expressions['statuses'];
  let raw: Expressions['raw'];
  let isWhole = false;
  let quiet: Expressions['quiet'] = new Set();
  for (const expression of expressions) {
    const [, name = 'trace', value = ''] = /^(?:(\w[\w-]*)=)?(.*)$/s.exec(expression) ?? [];
    switch (name) {
      case 'trace':
      case 't':
        calls = select(value);
        break;
      case 'signal':
      case 'signals':
      case 's':
        signals = signalsOf(value);
        break;
      case 'inject':
      case 'fault':
        injections.push(injectionOf(value, name === 'fault'));
        break;
      case 'status':
        statuses = membersOf(value, name, callStatuses);
        break;
      case 'quiet':
      case 'silent':
      case 'q':
        quiet = membersOf(value, name, quietWords);
        break;
      case 'raw':
      case 'x':
        raw = select(value);
        break;
      case 'abbrev':
      case 'a':
        isWhole = wholeOr(value, name);
        break;
      case 'read':
      case 'reads':
      case 'r':
        read.push(descriptorsOf(value));
        break;
      case 'write':
      case 'writes':
      case 'w':
        written.push(descriptorsOf(value));
        break;
      default:
        throw new UsageError(
          `-e knows trace, signal, status, inject, fault, abbrev, raw, read, write and quiet, not ${name}`,
        );
    }
  }
  const dumps = {
    read: (descriptor: number) => read.some((has) => has(descriptor)),
    written: (descriptor: number) => written.some((has) => has(descriptor)),
  };
  const hasDumps = read.length + written.length > 0;
  return { calls, signals, injections, statuses, raw, dumps: hasDumps ? dumps : undefined, isWhole, quiet };
}

/** Some of `all`, by `,`; `all`, `none`, and `!` in front. */
function membersOf<Word extends string>(text: string, what: string, all: readonly Word[]): ReadonlySet<Word> {
  const isNegated = text.startsWith('!');
  const words = (isNegated ? text.slice(1) : text).split(',').flatMap((word) => {
    if (word === 'all') return all;
    if (word === 'none') return [];
    const known = all.find((one) => one === word);
    if (known === undefined) throw new UsageError(`-e ${what}= knows ${all.join(', ')}, not ${word}`);
    return [known];
  });
  return new Set(isNegated ? all.filter((word) => !words.includes(word)) : words);
}

/** Whether nothing is to be shortened. */
function wholeOr(text: string, what: string): boolean {
  if (text !== 'none' && text !== '!all' && text !== 'all')
    throw new UsageError(`-e ${what}= is none or all here, not ${text}`);
  return text !== 'all';
}

function descriptorsOf(text: string): DescriptorSet {
  const isNegated = text.startsWith('!');
  const list = isNegated ? text.slice(1) : text;
  if (list === 'all' || list === 'none') return () => (list === 'all') !== isNegated;
  if (!/^\d+(,\d+)*$/.test(list)) throw new UsageError(`-e: not a set of descriptors: ${text}`);
  const numbers = new Set(list.split(',').map(Number));
  return (descriptor) => numbers.has(descriptor) !== isNegated;
}

function select(expression: string): CallSelection {
  const { machine } = nativeBinding().machineFacts();
  try {
    return CallSelection.parse(expression, modulesOn(machine).map(systemCallsOf));
  } catch (error) {
    if (error instanceof SelectionError) throw new UsageError(`-e: ${error.message}`);
    throw error;
  }
}

function signalsOf(expression: string): Expressions['signals'] {
  const isNegated = expression.startsWith('!');
  const list = isNegated ? expression.slice(1) : expression;
  if (list === 'all' || list === 'none') return () => (list === 'all') !== isNegated;
  const members = new Set(list.split(',').map(signalOf));
  return (signal) => members.has(signal) !== isNegated;
}

function signalOf(text: string): KernelSignal {
  const number = /^\d+$/.test(text) ? Number(text) : signalNumber(text);
  if (number === undefined || number < 1 || number > 64)
    throw new UsageError(`-e: no signal is called ${text}`);
  return kernelSignal(number);
}

type Part = Partial<Omit<Injection, 'calls' | 'when'>> & { when?: Occasions };

/** SET:error=ENOENT:when=3+2 */
function injectionOf(text: string, isFault: boolean): Injection {
  const [set = '', ...words] = text.split(':');
  let part: Part = {};
  for (const word of words) part = { ...part, ...partOf(word) };
  const { when = always, ...rest } = part;
  if (isFault && rest.result === undefined)
    return { ...rest, calls: select(set), when, result: errorResult('ENOSYS') };
  if (Object.keys(rest).length === 0)
    throw new UsageError(
      `-e inject=${text} says nothing to do: error=, retval=, signal=, delay_enter= or delay_exit=`,
    );
  return { ...rest, calls: select(set), when };
}

function partOf(word: string): Part {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(word) ?? [];
  switch (name) {
    case 'error':
      return { result: errorResult(value) };
    case 'retval':
      return { result: numberOf(value, name) };
    case 'signal':
      return { signal: signalOf(value) };
    case 'delay_enter':
      return { delayEntryMs: durationMs(value, '-e inject') };
    case 'delay_exit':
      return { delayReturnMs: durationMs(value, '-e inject') };
    case 'when':
      return { when: occasionsOf(value) };
    default:
      throw new UsageError(`-e inject: unknown "${word}"`);
  }
}

function numberOf(text: string, what: string): bigint {
  if (!/^-?(?:0x[0-9a-f]+|\d+)$/i.test(text))
    throw new UsageError(`-e inject: ${what}= needs a number, not "${text}"`);
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

function errorResult(name: string): bigint {
  const number = /^\d+$/.test(name) ? Number(name) : errorNumberOf(name.toUpperCase());
  if (number === undefined || number < 1 || number > 4095)
    throw new UsageError(`-e inject: no error is called ${name}`);
  return BigInt(-number);
}

/** FIRST[..LAST][+[STEP]] */
function occasionsOf(text: string): Occasions {
  const [, first, last, plus, step] = /^(\d+)(?:\.\.(\d+))?(\+)?(\d+)?$/.exec(text) ?? [];
  const isValid = first !== undefined && Number(first) > 0 && (plus !== undefined || step === undefined);
  if (!isValid) throw new UsageError(`-e inject: when= is FIRST[..LAST][+STEP], not ${text}`);
  const from = Number(first);
  const isOnce = plus === undefined && last === undefined;
  return {
    first: from,
    last: isOnce ? from : last === undefined ? Number.POSITIVE_INFINITY : Number(last),
    step: step === undefined ? 1 : Number(step),
  };
}
