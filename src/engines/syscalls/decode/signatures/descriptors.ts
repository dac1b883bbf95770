/** Calls that wait for descriptors, and requests to what they stand for. */
import { descriptor, descriptorResult, filled, flagsInt, int, oneOfInt, path, unsigned } from '../basics.js';
import { type Decoder, ofRegisters, out, type Parameter, type Signature, signature } from '../call-facts.js';
import {
  descriptorSet,
  epollEvent,
  epollList,
  pollDescriptors,
  pollResult,
  selectResult,
} from '../structs/polling.js';
import { fillsIoctl, ioctlArgument, ioctlRequest, ioctlResult } from '../structs/requests.js';
import { setWithSize, signalSet } from '../structs/signals.js';
import { timespec, timespec64, timeval } from '../structs/times.js';
import {
  epollFlags,
  epollOperations,
  eventDescriptorFlags,
  inotifyFlags,
  inotifyMasks,
  signalDescriptorFlags,
} from '../tables/files.js';

const events = out(filled(epollList));
const sets = [int, descriptorSet, descriptorSet, descriptorSet] as const;
const size = ofRegisters<Decoder>((value) => value.toString());

const ioctlParameter: Parameter = {
  onEntry: (value, call, index) => (fillsIoctl(call) ? '' : ioctlArgument.onEntry(value, call, index)),
  onReturn: ioctlResult,
  awaitsReturn: (_value, call) => fillsIoctl(call),
};

export const descriptorCalls: Readonly<Record<string, Signature>> = {
  ioctl: signature([descriptor, ioctlRequest, ioctlParameter]),
  poll: signature([pollDescriptors, unsigned, int], pollResult(undefined)),
  ppoll: signature([pollDescriptors, unsigned, timespec, signalSet(4), size], pollResult(2)),
  ppoll_time64: signature([pollDescriptors, unsigned, timespec64, signalSet(4), size], pollResult(undefined)),
  select: signature([...sets, timeval], selectResult),
  _newselect: signature([...sets, timeval], selectResult),
  pselect6: signature([...sets, timespec, setWithSize], selectResult),
  pselect6_time64: signature([...sets, timespec64, setWithSize], selectResult),
  epoll_create: signature([int], descriptorResult),
  epoll_create1: signature([flagsInt(epollFlags)], descriptorResult),
  epoll_ctl: signature([descriptor, oneOfInt(epollOperations), descriptor, epollEvent]),
  epoll_wait: signature([descriptor, events, int, int]),
  epoll_pwait: signature([descriptor, events, int, int, signalSet(5), size]),
  epoll_pwait2: signature([descriptor, events, int, timespec, signalSet(5), size]),
  eventfd: signature([unsigned], descriptorResult),
  eventfd2: signature([unsigned, flagsInt(eventDescriptorFlags)], descriptorResult),
  signalfd: signature([descriptor, signalSet(2), size], descriptorResult),
  signalfd4: signature([descriptor, signalSet(2), size, flagsInt(signalDescriptorFlags)], descriptorResult),
  inotify_init: signature([], descriptorResult),
  inotify_init1: signature([flagsInt(inotifyFlags)], descriptorResult),
  inotify_add_watch: signature([descriptor, path, flagsInt(inotifyMasks)]),
  inotify_rm_watch: signature([descriptor, int]),
};
