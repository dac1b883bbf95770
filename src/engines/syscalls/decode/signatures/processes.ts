/** Calls about processes and threads, who they are and how they are run. */
import {
  address,
  addressText,
  descriptorResult,
  filled,
  flagsInt,
  folderDescriptor,
  hexadecimal,
  hexInt,
  int,
  oneOfInt,
  path,
  randomBytes,
  size,
  stringText,
  unsigned,
} from '../basics.js';
import {
  argument,
  type Decoder,
  hexResult,
  ofRegisters,
  out,
  type Signature,
  signature,
} from '../call-facts.js';
import { flagsOf, nameOf, oneOf } from '../constants.js';
import { capabilityData, capabilityHeader } from '../structs/capabilities.js';
import { prctlArgument, prctlFills, prctlResult } from '../structs/prctl.js';
import {
  clone3Arguments,
  cloneFlagsText,
  cloneRest,
  limit,
  limit64,
  processorSet,
  systemInformation,
  systemName,
  usage,
  variables,
  waitStatus,
  whenFound,
  words,
} from '../structs/processes.js';
import { futexArguments, futexArguments64, futexOperation, intInMemory } from '../structs/requests.js';
import { siginfo } from '../structs/signals.js';
import { atFlags } from '../tables/files.js';
import {
  archPrctlCodes,
  membarrierCommands,
  prctlOptions,
  priorityOf,
  randomFlags,
  resources,
  rseqFlags,
  schedulers,
  seccompOperations,
  traceRequests,
  usageOf,
  waitIds,
  waitidOptions,
  waitOptions,
} from '../tables/processes.js';

const nothing = signature([]);
const cloneBits = ofRegisters<Decoder>((value) => cloneFlagsText(value));
const oneId = signature([int]);
const ids = out(filled(intInMemory));
const noResult = ofRegisters((): string => '?');
const resource = oneOfInt(resources);

const waited: Decoder = (value, call, index) => whenFound(waitStatus)(value, call, index);
const waitedUsage = out(whenFound(usage));

/** The kernel fills it in when it has found somebody. */
const waitedInformation: Decoder = (value, call, index) => {
  const number = call.memory.exact(value, 4);
  const isFilled = number?.some((byte) => byte !== 0) === true;
  return isFilled ? filled(siginfo)(value, call, index) : addressText(value);
};

const groups: Decoder = (value, call) => {
  const count = Number(call.result);
  const bytes = call.memory.exact(value, 4 * Math.min(count, 32));
  if (bytes === undefined) return addressText(value);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index, true));
  return `[${all.join(', ')}${count > 32 ? ', ...' : ''}]`;
};

const affinitySize = (call: Parameters<Decoder>[1]): number => Number(argument(call, 1));
const foundAffinity = (call: Parameters<Decoder>[1]): number => Number(call.result ?? 0n);

const affinityResult = ofRegisters((result: bigint): string => result.toString());
const schedulerResult = ofRegisters((result: bigint): string => `${result} (${oneOf(result, schedulers)})`);
const membarrierResult = ofRegisters((result: bigint, call: Parameters<Decoder>[1]): string =>
  argument(call, 0) === 0n && result !== 0n
    ? `0x${result.toString(16)} (${flagsOf(result, membarrierCommands)})`
    : String(result),
);

const prctlText: Decoder = (value, call, index) =>
  index === 1 && prctlFills(call) ? undefined : prctlArgument(value, call, index);
const setsArchRegister = (value: bigint): boolean => {
  const name = nameOf(value, archPrctlCodes) ?? '';
  return !name.startsWith('ARCH_GET_') || name === 'ARCH_GET_CPUID';
};

export const processCalls: Readonly<Record<string, Signature>> = {
  execve: signature([path, words, variables]),
  execveat: signature([folderDescriptor, path, words, variables, flagsInt(atFlags)]),
  exit: signature([int], noResult),
  exit_group: signature([int], noResult),
  fork: nothing,
  vfork: nothing,
  clone: signature([cloneRest]),
  clone3: signature([clone3Arguments, size]),
  wait4: signature([int, out(waited), flagsInt(waitOptions), waitedUsage]),
  waitpid: signature([int, out(waited), flagsInt(waitOptions)]),
  waitid: signature([oneOfInt(waitIds), int, out(waitedInformation), flagsInt(waitidOptions), waitedUsage]),
  unshare: signature([cloneBits]),
  setns: signature([int, cloneBits]),
  getpid: nothing,
  gettid: nothing,
  getppid: nothing,
  getpgrp: nothing,
  setsid: nothing,
  getpgid: oneId,
  getsid: oneId,
  setpgid: signature([int, int]),
  getuid: nothing,
  getgid: nothing,
  geteuid: nothing,
  getegid: nothing,
  getuid32: nothing,
  getgid32: nothing,
  geteuid32: nothing,
  getegid32: nothing,
  setuid: oneId,
  setgid: oneId,
  setreuid: signature([int, int]),
  setregid: signature([int, int]),
  setresuid: signature([int, int, int]),
  setresgid: signature([int, int, int]),
  setfsuid: oneId,
  setfsgid: oneId,
  getresuid: signature([ids, ids, ids]),
  getresgid: signature([ids, ids, ids]),
  getgroups: signature([int, out(filled(groups))]),
  getgroups32: signature([int, out(filled(groups))]),
  getresuid32: signature([ids, ids, ids]),
  getresgid32: signature([ids, ids, ids]),
  setuid32: oneId,
  setgid32: oneId,
  setreuid32: signature([int, int]),
  setregid32: signature([int, int]),
  setresuid32: signature([int, int, int]),
  setresgid32: signature([int, int, int]),
  set_thread_area: signature([address]),
  set_tid_address: signature([address]),
  set_robust_list: signature([address, size]),
  get_robust_list: signature([int, out(filled(intInMemory)), out(address)]),
  rseq: signature([address, hexInt, flagsInt(rseqFlags), hexInt]),
  arch_prctl: signature([
    oneOfInt(archPrctlCodes),
    {
      onEntry: (value, call) => (setsArchRegister(argument(call, 0)) ? addressText(value) : ''),
      onReturn: (value, call, index) => filled(addressInMemory)(value, call, index),
      awaitsReturn: (_value, call) => !setsArchRegister(argument(call, 0)),
    },
  ]),
  capget: signature([capabilityHeader, out(filled(capabilityData))]),
  capset: signature([capabilityHeader, capabilityData]),
  prctl: signature(
    [
      oneOfInt(prctlOptions),
      {
        onEntry: (value, call, index) => (prctlFills(call) ? '' : prctlText(value, call, index)),
        onReturn: (value, call) => stringText(value, call),
        awaitsReturn: (_value, call) => prctlFills(call),
      },
      prctlArgument,
      prctlArgument,
      prctlArgument,
    ],
    prctlResult,
  ),
  futex: signature([address, futexOperation, futexArguments]),
  futex_time64: signature([address, futexOperation, futexArguments64]),
  prlimit64: signature([int, resource, limit64, out(filled(limit64))]),
  getrlimit: signature([resource, out(filled(limit))]),
  ugetrlimit: signature([resource, out(filled(limit))]),
  setrlimit: signature([resource, limit]),
  getrusage: signature([oneOfInt(usageOf), out(filled(usage))]),
  getpriority: signature([oneOfInt(priorityOf), int]),
  setpriority: signature([oneOfInt(priorityOf), int, int]),
  sched_yield: nothing,
  sched_getaffinity: signature([int, size, out(filled(processorSet(foundAffinity)))], affinityResult),
  sched_setaffinity: signature([int, size, processorSet(affinitySize)]),
  sched_getparam: signature([int, out(filled(intInMemory))]),
  sched_setparam: signature([int, intInMemory]),
  sched_getscheduler: signature([int], schedulerResult),
  sched_setscheduler: signature([int, oneOfInt(schedulers), intInMemory]),
  sched_get_priority_max: signature([oneOfInt(schedulers)]),
  sched_get_priority_min: signature([oneOfInt(schedulers)]),
  getcpu: signature([ids, ids, address]),
  uname: signature([out(filled(systemName))]),
  sysinfo: signature([out(filled(systemInformation))]),
  getrandom: signature([out(randomBytes), size, flagsInt(randomFlags)]),
  membarrier: signature([oneOfInt(membarrierCommands), int], membarrierResult),
  seccomp: signature([oneOfInt(seccompOperations), hexadecimal, address]),
  pidfd_open: signature([int, hexInt], descriptorResult),
  pidfd_getfd: signature([int, int, hexInt], descriptorResult),
  personality: signature([hexInt], hexResult),
  ptrace: signature([oneOfInt(traceRequests), int, address, address]),
  process_vm_readv: signature([int, address, unsigned, address, unsigned, hexadecimal]),
  process_vm_writev: signature([int, address, unsigned, address, unsigned, hexadecimal]),
};

function addressInMemory(value: bigint, { memory, abi }: Parameters<Decoder>[1]): string {
  const bytes = memory.exact(value, abi.longBytes);
  if (bytes === undefined) return addressText(value);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found = abi.longBytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  return `[${addressText(found)}]`;
}
