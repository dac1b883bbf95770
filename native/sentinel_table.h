#pragma once

#include <cstdint>

/** What the addon and the sentinel have in common: the records of the shared table and the messages. */
namespace outstep::sentinel {

/**
 * A breakpoint in the text of a program. The addon alone writes the table, the sentinel reads it once the
 * addon is gone.
 */
struct GuardedSite {
  uint64_t address = 0;
  /** The bytes under the trap, and the trap, in memory order from the lowest byte. */
  uint64_t original = 0;
  uint64_t trap = 0;
  /** Number of the /proc/PID/mem descriptor. */
  uint32_t memory = 0;
  /** 0: this record holds nothing. Stored last when a record is filled. */
  uint32_t length_bytes = 0;
};

/** As many bytes as a record has room for. */
constexpr uint32_t kLongestTrapBytes = sizeof(GuardedSite::trap);

/**
 * A message is one number. With a descriptor: this is now the one of that number; without: there is none any
 * more.
 */
using Message = uint32_t;
constexpr uint32_t kMostMemories = 1024;
constexpr Message kTable = kMostMemories;
/** Each one that comes is another one; the sentinel closes it when nobody is left behind it. */
constexpr Message kListener = kMostMemories + 1;

}  // namespace outstep::sentinel
