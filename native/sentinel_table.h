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

/** As large as the general regset of any machine, <asm/ptrace.h>. */
constexpr uint32_t kLargestRegsetBytes = 272;

/**
 * The system call that a program is making for the addon, from code that ends in a jump to itself: a thread
 * whose tracer is gone waits there for its registers. There is at most one.
 */
struct ParkedCall {
  /** 0: there is none. Stored last. */
  int32_t tid = 0;
  int32_t general_note = 0;
  uint32_t general_size_bytes = 0;
  uint32_t pc_offset = 0;
  /** Of the pc, 4 or 8 bytes. */
  uint32_t register_bytes = 0;
  uint32_t code_length_bytes = 0;
  uint64_t code_address = 0;
  /** Number of the /proc/PID/mem descriptor. */
  uint32_t memory = 0;
  /** The thread's own signal mask, and the one for the time of the call. */
  uint64_t signal_mask = 0;
  uint64_t blocked_signals = 0;
  uint8_t general[kLargestRegsetBytes] = {};
};

/** As many bytes as a record has room for. */
constexpr uint32_t kLongestTrapBytes = sizeof(GuardedSite::trap);

/** With a descriptor: this is now the one of that number; without: there is none any more. */
struct Message {
  uint32_t number = 0;
  /** The thread through which a memory was opened; 0 for other descriptors. */
  int32_t tid = 0;
};

constexpr uint32_t kMostMemories = 1024;
constexpr uint32_t kTable = kMostMemories;
constexpr uint32_t kThreads = kMostMemories + 1;
/** Each one that comes is another one; the sentinel closes it when nobody is left behind it. */
constexpr uint32_t kListener = kMostMemories + 2;

/** What threads have of the addon, in memory of its own. */
struct ThreadRecord {
  ParkedCall call;
  /** By the number of the memory: 1 where they may have hardware breakpoints or watchpoints. */
  uint8_t has_points[kMostMemories] = {};
};

}  // namespace outstep::sentinel
