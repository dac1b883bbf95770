#pragma once

#include <cstdint>

namespace outstep::sentinel {

/**
 * Takes hardware breakpoints and watchpoints from the threads of a program whose tracer is gone, and the
 * stops that they have caused: the kernel leaves them in the threads' debug registers. `tid` is one of the
 * threads. False: they still have a tracer, to be tried again.
 */
bool takePoints(int32_t tid);

}  // namespace outstep::sentinel
