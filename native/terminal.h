#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "failure.h"

namespace outstep {

/** Opens a serial line for reading and writing, raw, without making it the controlling terminal. -1 and the
 * failure. */
int openSerial(const char* path, Failure* failure);

/** Gives the terminal to a process group, tcsetpgrp(3); the group that had it, or nothing when it is not ours
 * to give. */
std::optional<pid_t> setForegroundGroup(int fd, pid_t group);

/** Opens a new pseudo terminal: the descriptor of its master side, which never waits, or -1. `path`: of the
 * other one. */
int openTerminal(std::string* path, Failure* failure);

}  // namespace outstep
