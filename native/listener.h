#pragma once

#include <sys/types.h>

#include "scoped_fd.h"

namespace outstep::listener {

/** Whether this kernel can have the calls of a filter answered by another process, and hand over its
 * descriptors. */
bool canAnswer();
/** A copy of a descriptor of another process; closed: errno says why. */
ScopedFd copyOf(pid_t pid, int descriptor);

}  // namespace outstep::listener
