/** What the options of prctl(2) take. */
import { stringText } from '../basics.js';
import { argument, type CallFacts, type Decoder, intOf } from '../call-facts.js';
import { hex, nameOf } from '../constants.js';
import { prctlOptions } from '../tables/processes.js';
import { signalName } from '../tables/signals.js';
import { ambientText, capabilityName } from './capabilities.js';

/** How many arguments an option of prctl(2) takes where it is not four. */
const prctlCounts: Readonly<Record<string, number>> = {
  PR_SET_NAME: 1,
  PR_GET_NAME: 1,
  PR_SET_PDEATHSIG: 1,
  PR_GET_DUMPABLE: 0,
  PR_SET_DUMPABLE: 1,
  PR_SET_KEEPCAPS: 1,
  PR_GET_KEEPCAPS: 0,
  PR_CAPBSET_READ: 1,
  PR_CAPBSET_DROP: 1,
  PR_SET_CHILD_SUBREAPER: 1,
  PR_GET_SECCOMP: 0,
  PR_SET_TIMERSLACK: 1,
  PR_GET_TIMERSLACK: 0,
};

function prctlName(call: CallFacts): string {
  return nameOf(BigInt.asUintN(32, argument(call, 0)), prctlOptions) ?? '';
}

function prctlText(value: bigint, name: string, call: CallFacts): string {
  if (name === 'PR_CAPBSET_READ' || name === 'PR_CAPBSET_DROP') return capabilityName(value);
  if (name === 'PR_SET_NAME') return stringText(value, call);
  if (name === 'PR_SET_PDEATHSIG') return signalName(intOf(value));
  if (name === 'PR_SET_DUMPABLE')
    return ['SUID_DUMP_DISABLE', 'SUID_DUMP_USER', 'SUID_DUMP_ROOT'][Number(value)] ?? hex(value);
  return value < 10n ? value.toString() : hex(value);
}

export const prctlArgument: Decoder = (value, call, index) => {
  const name = prctlName(call);
  if (index > (prctlCounts[name] ?? 4)) return undefined;
  const ambient = name === 'PR_CAP_AMBIENT' ? ambientText(value, call, index) : undefined;
  if (ambient !== undefined) return ambient;
  return index === 1 ? prctlText(value, name, call) : hex(value);
};

export function prctlFills(call: CallFacts): boolean {
  return prctlName(call) === 'PR_GET_NAME';
}

export function prctlResult(result: bigint, call: CallFacts): string {
  const dumpable = ['SUID_DUMP_DISABLE', 'SUID_DUMP_USER', 'SUID_DUMP_ROOT'][Number(result)];
  return prctlName(call) === 'PR_GET_DUMPABLE' && dumpable !== undefined
    ? `${result} (${dumpable})`
    : String(result);
}
