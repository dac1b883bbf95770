#pragma once

#include <cstdint>
#include <span>

#include "space.h"

namespace outstep {

enum class SearchEnd { kFound, kAbsent, kUnreadable, kUnfinished };

struct Search {
  SearchEnd end = SearchEnd::kAbsent;
  /** Where it was found, where memory ends, or where to go on. */
  uint64_t at = 0;
};

/** Looks for the first place in the range that holds the whole pattern; stops when the time is over. */
Search findBytes(const Space& space, uint64_t address, uint64_t length_bytes,
                 std::span<const uint8_t> pattern, int64_t timeout_us);

}  // namespace outstep
