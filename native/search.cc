#include "search.h"

#include <string.h>

#include <algorithm>
#include <memory>

#include "wait_clock.h"

namespace outstep {

namespace {

/** Small enough for a cache close to the processor. */
constexpr uint64_t kPieceBytes = 0x20000;

using Block = uint8_t __attribute__((vector_size(16)));

Block load(const uint8_t* bytes) {
  Block block;
  memcpy(&block, bytes, sizeof block);
  return block;
}

bool any(Block mask) {
  uint64_t halves[2];
  memcpy(halves, &mask, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/**
 * As memmem(3), which looks at one place after the other: here a block of places is ruled out by the first
 * and the last byte of the pattern at once. Index of the first place, or `length_bytes`.
 */
size_t indexOf(const uint8_t* bytes, size_t length_bytes, std::span<const uint8_t> pattern) {
  if (length_bytes < pattern.size()) return length_bytes;
  const size_t last = pattern.size() - 1;
  const size_t places = length_bytes - last;
  const Block firsts = Block{} + pattern.front();
  const Block lasts = Block{} + pattern.back();
  size_t at = 0;
  for (; at + sizeof(Block) <= places; at += sizeof(Block)) {
    Block hits = reinterpret_cast<Block>((load(bytes + at) == firsts) & (load(bytes + at + last) == lasts));
    if (!any(hits)) continue;
    for (size_t index = 0; index < sizeof(Block); ++index) {
      if (hits[index] != 0 && memcmp(bytes + at + index, pattern.data(), pattern.size()) == 0)
        return at + index;
    }
  }
  for (; at < places; ++at) {
    if (memcmp(bytes + at, pattern.data(), pattern.size()) == 0) return at;
  }
  return length_bytes;
}

}  // namespace

Search findBytes(const Space& space, uint64_t address, uint64_t length_bytes,
                 std::span<const uint8_t> pattern, int64_t timeout_us) {
  if (pattern.empty()) return {SearchEnd::kFound, address};
  const uint64_t overlap_bytes = pattern.size() - 1;
  const int64_t deadline_us = WaitClock::nowMicroseconds() + timeout_us;
  std::unique_ptr<uint8_t[]> piece(new uint8_t[kPieceBytes + overlap_bytes]);
  uint64_t at = address;
  uint64_t left_bytes = length_bytes;
  while (left_bytes > overlap_bytes) {
    uint64_t wanted_bytes = std::min(left_bytes, kPieceBytes + overlap_bytes);
    uint64_t read_bytes = space.readOriginal(at, piece.get(), wanted_bytes);
    size_t found = indexOf(piece.get(), read_bytes, pattern);
    if (found < read_bytes) return {SearchEnd::kFound, at + found};
    if (read_bytes < wanted_bytes) return {SearchEnd::kUnreadable, at + read_bytes};
    uint64_t done_bytes = wanted_bytes - overlap_bytes;
    at += done_bytes;
    left_bytes -= done_bytes;
    if (left_bytes > overlap_bytes && WaitClock::nowMicroseconds() >= deadline_us)
      return {SearchEnd::kUnfinished, at};
  }
  return {SearchEnd::kAbsent, at};
}

}  // namespace outstep
