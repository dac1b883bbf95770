#pragma once

#include <optional>
#include <vector>

#include "sentinel_client.h"
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
  /** Where code that nobody executes may be overwritten for the time of the call; 0: nowhere. */
  uint64_t parking = 0;
  /** The instruction, and a jump to itself. */
  std::vector<uint8_t> parking_code;
};

/**
 * Makes a stopped thread do one system call and restores it. The result, or nothing when the thread is gone.
 * With a sentinel and a place for it the call is made where the thread can wait for the sentinel, should this
 * process end in between.
 */
std::optional<uint64_t> callSystem(Tracee& tracee, const Space& space, const SystemCall& call,
                                   SentinelClient* sentinel);

}  // namespace outstep
