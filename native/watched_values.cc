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

/**
 * Told of one write a client may look at everything that it watches: of what has changed besides, by a thread
 * whose own trap is still to come, nobody knows then what it has seen, and that write is told as well.
 */
uint64_t Space::unchangedWrites(uint64_t status) {
  uint64_t bits = 0;
  bool is_changed = false;
  for (const WatchedValue& watched : watched_values) {
    if ((watched.status_bits & status) == 0) continue;
    bits |= watched.status_bits & status;
    std::vector<uint8_t> now = valueOf(*this, watched);
    is_changed = is_changed || now.size() != watched.length_bytes || now != watched.value;
  }
  if (!is_changed) return bits;
  for (WatchedValue& watched : watched_values) {
    std::vector<uint8_t> now = valueOf(*this, watched);
    bool is_told = (watched.status_bits & status) != 0;
    if (is_told) {
      watched.value = std::move(now);
    } else if (now != watched.value) {
      watched.value.clear();
    }
  }
  return 0;
}

}  // namespace outstep
