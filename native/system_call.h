#pragma once

#include <optional>
#include <vector>

#include "tracee.h"

namespace outstep {

/** src/native/arch-types.ts SystemCall. */
struct SystemCall {
  uint64_t instruction = 0;
  uint64_t number = 0;
  std::vector<uint64_t> args;
  size_t number_offset = 0;
  std::vector<size_t> argument_offsets;
  size_t result_offset = 0;
  /** -1: none. */
  int restart_offset = -1;
};

/** Makes a stopped thread do one system call and restores it. The result, or nothing when the thread is gone.
 */
std::optional<uint64_t> callSystem(Tracee& tracee, const Arch& arch, const SystemCall& call);

}  // namespace outstep
