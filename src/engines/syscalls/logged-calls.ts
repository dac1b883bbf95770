/** Which calls are told in lists, and at which ends of them a thread must wait until it has been looked at. */
import type { SystemCallTable } from '../../../arch/system-call-table.js';
import type { CallLogging, LoggedCalls } from '../../core/index.js';
import { isOfRegisters, type Signature } from './decode/call-facts.js';
import { rawSignature, unknownCall } from './decode/call-text.js';
import { signatures } from './decode/signatures/index.js';
import type { TraceOptions } from './trace-options.js';

const waiting: CallLogging = { entry: 'waits', return: 'waits' };

/** For programs with these calls; undefined: something is to be done to calls, or more read of their threads. */
export function loggedCallsFor(table: SystemCallTable, options: TraceOptions): LoggedCalls | undefined {
  if (options.injections.length > 0 || options.stacks !== undefined) return undefined;
  const { raw, paths, dumps, describesDescriptors, describesDetails } = options;
  const looksUp = describesDescriptors || describesDetails === true || paths !== undefined;
  if (options.mayRunAhead !== true || looksUp || dumps !== undefined)
    return { byNumber: new Map(), others: waiting };
  const rows = [...table.names].map(([number, name]) => {
    const known = signatures.get(name);
    const signature = raw?.has(name, number) === true ? rawSignature(known) : known;
    return [number, loggingOf(signature)] as const;
  });
  return { byNumber: new Map(rows), others: loggingOf(unknownCall) };
}

/** A thread goes on where registers are all that is decoded. */
export function loggingOf({ parameters, result }: Signature = unknownCall): CallLogging {
  // From the first one that is filled in, arguments are decoded on the way out (`CallText`).
  const filled = parameters.findIndex(({ onReturn }) => onReturn !== undefined);
  const count = filled < 0 ? parameters.length : filled;
  const isVague = parameters.some(({ awaitsReturn }) => awaitsReturn !== undefined);
  const atEntry = parameters.flatMap(({ onEntry, note, awaitsReturn }, index) => [
    ...(isVague || index <= count ? [onEntry, awaitsReturn] : []),
    note,
  ]);
  const atReturn = parameters.flatMap(({ onEntry, onReturn }, index) => [
    ...(isVague || index > count ? [onEntry] : []),
    onReturn,
  ]);
  return {
    entry: atEntry.every(isOfRegisters) ? 'goes-on' : 'waits',
    return: [...atReturn, result].every(isOfRegisters) ? 'goes-on' : 'waits',
  };
}
