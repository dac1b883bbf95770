#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "failure.h"

namespace outstep {

struct SpawnOptions {
  std::string file;
  std::vector<std::string> args;
  std::vector<std::string> environment;
  std::string working_directory;  // empty: the tracer's own
  bool disable_randomization = false;
  bool redirect_stdio = false;
  /** Files for the three standard descriptors; empty: as they are. */
  std::string stdio[3];
  /** A terminal that becomes the program's own, in a session of its own; empty: none. */
  std::string terminal;
  /** Stay open in the program. */
  std::vector<int> descriptors;
};

/** Starts a program seized by the calling thread, to be killed with it. Returns its pid, or -1 and the
 * failure. */
pid_t spawnTraced(const SpawnOptions& options, Failure* failure);

}  // namespace outstep
