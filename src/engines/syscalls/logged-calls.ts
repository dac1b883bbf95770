/** Which calls are told in lists, at which ends of them a thread must wait until it has been looked at, and what is read there. */
import type { SystemCallTable } from '../../../arch/system-call-table.js';
import type { CallLogging, LoggedCalls, LoggedMemory, LoggedRead } from '../../core/index.js';
import { type ReadFacts, readsOf, type Signature } from './decode/call-facts.js';
import { rawSignature, unknownCall } from './decode/call-text.js';
import { MemoryView } from './decode/memory-view.js';
import { signatures } from './decode/signatures/index.js';
import type { TraceOptions } from './trace-options.js';

const waiting: CallLogging = { entry: 'waits', return: 'waits' };
/** What is longer would fill the lists. */
const mostBytes = 4096;

/** For programs with these calls; undefined: something is to be done to calls, or more read of their threads. */
export function loggedCallsFor(table: SystemCallTable, options: TraceOptions): LoggedCalls | undefined {
  if (options.injections.length > 0 || options.stacks !== undefined) return undefined;
  const { raw, paths, dumps, describesDescriptors, describesDetails, stringLimit } = options;
  const looksUp = describesDescriptors || describesDetails === true || paths !== undefined;
  if (options.mayRunAhead !== true || looksUp || dumps !== undefined)
    return { byNumber: new Map(), others: waiting };
  const facts = { abi: table.abi, stringLimit };
  const rows = [...table.names].map(([number, name]) => {
    const known = signatures.get(name);
    const signature = raw?.has(name, number) === true ? rawSignature(known) : known;
    return [number, loggingOf(signature, facts)] as const;
  });
  return { byNumber: new Map(rows), others: loggingOf(unknownCall, facts) };
}

/** A thread goes on where it is known what its decoders read. */
export function loggingOf(signature: Signature = unknownCall, facts: ReadFacts): CallLogging {
  const { parameters, result, wide } = signature;
  // From the first one that is filled in, arguments are decoded on the way out (`CallText`).
  const filled = parameters.findIndex(({ onReturn }) => onReturn !== undefined);
  const count = filled < 0 ? parameters.length : filled;
  const isVague = parameters.some(({ awaitsReturn }) => awaitsReturn !== undefined);
  const atEntry = parameters.flatMap(({ onEntry, note, awaitsReturn }, index) => [
    ...(isVague || index <= count
      ? [readsOf(onEntry, index, facts), readsOf(awaitsReturn, index, facts)]
      : []),
    readsOf(note, index, facts),
  ]);
  const atReturn = parameters.flatMap(({ onEntry, onReturn }, index) => [
    ...(isVague || index > count ? [readsOf(onEntry, index, facts)] : []),
    readsOf(onReturn, index, facts),
  ]);
  // There the place of an argument is not its number.
  const isJoined = facts.abi.splitsLongLong && wide.length > 0;
  const entryReads = knownReads(atEntry, isJoined);
  const returnReads = knownReads([...atReturn, readsOf(result, 0, facts)], isJoined);
  return {
    entry: entryReads === undefined ? 'waits' : 'goes-on',
    return: returnReads === undefined ? 'waits' : 'goes-on',
    ...(entryReads === undefined ? {} : { entryReads }),
    ...(returnReads === undefined ? {} : { returnReads }),
  };
}

/** undefined: they are not all known, or too much. */
function knownReads(
  lists: readonly (readonly LoggedRead[] | undefined)[],
  isJoined: boolean,
): readonly LoggedRead[] | undefined {
  if (lists.includes(undefined)) return undefined;
  const reads = lists.flatMap((list) => list ?? []);
  const isTooMuch = reads.some((read) => read.mostBytes > mostBytes);
  return isTooMuch || (isJoined && reads.length > 0) ? undefined : reads;
}

/** What was read while the thread was stopped; what was not is read of the program as it is now. */
export function loggedView(memory: readonly LoggedMemory[], now: MemoryView): MemoryView {
  if (memory.length === 0) return now;
  return new MemoryView((at, lengthBytes) => {
    let best: Uint8Array | undefined;
    // They may overlap, and a string ends behind its zero.
    for (const { address, mostBytes: most, bytes } of memory) {
      const start = Number(at - address);
      if (start < 0 || start + lengthBytes > most) continue;
      const found = bytes.subarray(start, start + lengthBytes);
      if (best === undefined || found.length > best.length) best = found;
    }
    return best ?? now.upTo(at, lengthBytes);
  });
}
