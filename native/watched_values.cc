/**
 * Writes to watched memory that change nothing: passed where nobody wants to hear of them.
 */
#include <algorithm>

#include "tracer.h"

namespace outstep {

namespace {

std::vector<uint8_t> valueOf(const Space& space, const WatchedValue& watched) {
  std::vector<uint8_t> value(watched.length_bytes);
  value.resize(space.read(watched.address, value.data(), value.size()));
  return value;
}

bool isSame(const WatchedValue& one, const WatchedValue& other) {
  return one.address == other.address && one.length_bytes == other.length_bytes;
}

}  // namespace

void Space::watchValues(std::vector<WatchedValue> list) {
  for (WatchedValue& watched : list) {
    auto known = std::find_if(watched_values.begin(), watched_values.end(),
                              [&](const WatchedValue& one) { return isSame(one, watched); });
    watched.value = known == watched_values.end() ? valueOf(*this, watched) : known->value;
  }
  watched_values = std::move(list);
}

/** A client looks at all that it watches when it is told of one: all must be as it saw them. */
uint64_t Space::unchangedWrites(uint64_t status) {
  uint64_t bits = 0;
  for (const WatchedValue& watched : watched_values) bits |= watched.status_bits & status;
  if (bits == 0) return 0;
  bool is_changed = false;
  for (WatchedValue& watched : watched_values) {
    std::vector<uint8_t> now = valueOf(*this, watched);
    is_changed = is_changed || now.size() != watched.length_bytes || now != watched.value;
    watched.value = std::move(now);
  }
  return is_changed ? 0 : bits;
}

}  // namespace outstep
