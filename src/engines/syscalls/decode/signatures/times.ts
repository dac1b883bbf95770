/** Calls about clocks, sleeping and timers. */
import {
  address,
  addressText,
  descriptor,
  descriptorResult,
  filled,
  flagsInt,
  oneOfInt,
  unsigned,
} from '../basics.js';
import { type Decoder, ofRegisters, out, type Signature, signature } from '../call-facts.js';
import { struct } from '../struct.js';
import {
  dateText,
  itimerspec,
  itimerspec64,
  itimerval,
  remainder,
  timespec,
  timespec64,
  timeval,
} from '../structs/times.js';
import { timerDescriptorFlags } from '../tables/files.js';
import { clocks, intervalTimers, sleepFlags, timerDescriptorSettings } from '../tables/times.js';

const clock = oneOfInt(clocks);
const found = out(filled(timespec));
const found64 = out(filled(timespec64));
const secondsResult = ofRegisters((result: bigint): string => `${result} (${dateText(result)})`);
const processTimes = struct({ user: 'long', system: 'long', childUser: 'long', childSystem: 'long' }).decoder(
  ({ user, system, childUser, childSystem }) =>
    `{tms_utime=${user}, tms_stime=${system}, tms_cutime=${childUser}, tms_cstime=${childSystem}}`,
);
const zone = ofRegisters<Decoder>((value) => addressText(value));

export const timeCalls: Readonly<Record<string, Signature>> = {
  clock_gettime: signature([clock, found]),
  clock_getres: signature([clock, found]),
  clock_settime: signature([clock, timespec]),
  clock_gettime64: signature([clock, found64]),
  clock_getres_time64: signature([clock, found64]),
  nanosleep: signature([timespec, out(remainder)]),
  clock_nanosleep: signature([clock, flagsInt(sleepFlags), timespec, out(remainder)]),
  clock_nanosleep_time64: signature([clock, flagsInt(sleepFlags), timespec64, out(address)]),
  gettimeofday: signature([out(filled(timeval)), out(zone)]),
  time: signature([out(address)], secondsResult),
  setitimer: signature([oneOfInt(intervalTimers), itimerval, out(filled(itimerval))]),
  getitimer: signature([oneOfInt(intervalTimers), out(filled(itimerval))]),
  alarm: signature([unsigned]),
  times: signature([out(filled(processTimes))]),
  timerfd_create: signature([clock, flagsInt(timerDescriptorFlags)], descriptorResult),
  timerfd_settime: signature([
    descriptor,
    flagsInt(timerDescriptorSettings),
    itimerspec,
    out(filled(itimerspec)),
  ]),
  timerfd_gettime: signature([descriptor, out(filled(itimerspec))]),
  timerfd_settime64: signature([
    descriptor,
    flagsInt(timerDescriptorSettings),
    itimerspec64,
    out(filled(itimerspec64)),
  ]),
  timerfd_gettime64: signature([descriptor, out(filled(itimerspec64))]),
  clock_settime64: signature([clock, timespec64]),
};
