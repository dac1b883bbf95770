#pragma once

#include <time.h>

#include <cstdint>

namespace outstep {

/**
 * Bounds a blocking wait without a system call per wait: while waits are frequent a periodic timer interrupts
 * this thread every few milliseconds, so that waitid(2) comes back with EINTR. A tick that falls between the
 * check and the wait costs one more period, never a hang. The timer stops by itself when nobody has waited
 * for a while.
 */
class WaitClock {
 public:
  /** Call before a series of blocking waits on this thread; `end` after it. Returns an errno(3) value or 0.
   */
  static int begin();
  static void end();

  static int64_t nowMicroseconds();
};

}  // namespace outstep
