/** Of clocks and timers: <linux/time.h>. */
import { constants, enumeration } from '../constants.js';

export const clocks = enumeration(
  'CLOCK_???',
  'CLOCK_',
  0,
  `REALTIME MONOTONIC PROCESS_CPUTIME_ID THREAD_CPUTIME_ID MONOTONIC_RAW REALTIME_COARSE MONOTONIC_COARSE BOOTTIME
   REALTIME_ALARM BOOTTIME_ALARM - TAI`,
);
export const sleepFlags = constants('TIMER_???', 'TIMER_ABSTIME 1');
export const timerDescriptorSettings = constants('TFD_???', 'TFD_TIMER_ABSTIME 1 TFD_TIMER_CANCEL_ON_SET 2');
export const intervalTimers = enumeration('ITIMER_???', 'ITIMER_', 0, 'REAL VIRTUAL PROF');
