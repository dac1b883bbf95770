#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tracee.h"

namespace outstep::agent {

/** Bytecode of GDB's manual, appendix "The GDB Agent Expression Mechanism". */
using Program = std::vector<uint8_t>;

/** Trace state variables by number; one that was never set reads as 0. */
using Variables = std::unordered_map<uint32_t, uint64_t>;

/** What a trace operation asked to be recorded. */
struct Recorded {
  enum class Kind { kMemory, kVariable };
  Kind kind = Kind::kMemory;
  /** Start of the range, or number of the variable. */
  uint64_t subject = 0;
  uint64_t length_bytes = 0;
};

struct Outcome {
  /** Why the evaluation failed; nullptr: it did not. */
  const char* error = nullptr;
  /** Top of the stack at the end; nothing when it was empty. */
  std::optional<uint64_t> value;
  std::vector<Recorded> recorded;
  /** What was printed before the end, or before the error. */
  std::string text;
};

/** Evaluates in a stopped thread. */
Outcome evaluate(Tracee& tracee, const Space& space, Variables& variables, std::span<const uint8_t> program);

}  // namespace outstep::agent
