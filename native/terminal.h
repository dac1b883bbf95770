#pragma once

#include <sys/types.h>

#include <optional>

#include "failure.h"

namespace outstep {

/** Opens a serial line for reading and writing, raw, without making it the controlling terminal. -1 and the
 * failure. */
int openSerial(const char* path, Failure* failure);

/** Gives the terminal to a process group, tcsetpgrp(3); the group that had it, or nothing when it is not ours
 * to give. */
std::optional<pid_t> setForegroundGroup(int fd, pid_t group);

}  // namespace outstep
