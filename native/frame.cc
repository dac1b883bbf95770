/**
 * Frames of large packets, sixteen bytes at a time, in the compiler's portable vectors. What is written
 * decodes to the same as what src/rsp writes; runs are found where they fill a block, so the frames may
 * differ.
 */
#include "frame.h"

#include <string.h>

#include <algorithm>
#include <bit>

namespace outstep::frame {

namespace {

constexpr uint8_t kEscape = 0x7d;
constexpr uint8_t kEscapeMask = 0x20;
constexpr uint8_t kStar = 0x2a;
constexpr size_t kBlockBytes = 16;
constexpr int kCountOffset = 29;
/** The count may not lie above `~`. */
constexpr size_t kMostRepeats = 0x7e - kCountOffset;
constexpr size_t kLeastRun = 4;

/** From `kBlockBytes - n` on: the first n lanes of a block. */
constexpr uint8_t kFirstLanes[2 * kBlockBytes] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

using Block = uint8_t __attribute__((vector_size(kBlockBytes)));

Block load(const uint8_t* bytes) {
  Block block;
  memcpy(&block, bytes, sizeof block);
  return block;
}

Block splat(uint8_t byte) {
  return Block{} + byte;
}

bool any(Block mask) {
  uint64_t halves[2];
  memcpy(halves, &mask, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/** Of a mask that is not empty. */
size_t firstIn(Block mask) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t halves[2];
  memcpy(halves, &mask, sizeof halves);
  auto bits = halves[0] != 0 ? std::countr_zero(halves[0]) : 64 + std::countr_zero(halves[1]);
  return static_cast<size_t>(bits) / 8;
}

bool endsData(uint8_t byte) {
  return byte == '#' || byte == '$';
}

uint8_t sumOf(Block block) {
  uint8_t total = 0;
  for (size_t index = 0; index < kBlockBytes; ++index) total = static_cast<uint8_t>(total + block[index]);
  return total;
}

Block digitsOf(Block nibbles) {
  return nibbles + splat('0') + (reinterpret_cast<Block>(nibbles > 9) & splat('a' - '9' - 1));
}

uint8_t digitOf(unsigned value) {
  return static_cast<uint8_t>(value < 10 ? '0' + value : 'a' + value - 10);
}

bool mustEscape(uint8_t byte) {
  return byte == '#' || byte == '$' || byte == kStar || byte == kEscape;
}

Block escapesIn(Block block) {
  return reinterpret_cast<Block>((block == '#') | (block == '$') | (block == kStar) | (block == kEscape));
}

/** How many bytes from the start are the first one, when they are at least a block; otherwise 0. */
size_t runAt(const uint8_t* bytes, size_t length_bytes) {
  if (length_bytes < kBlockBytes || bytes[0] != bytes[1]) return 0;
  Block same = splat(bytes[0]);
  size_t run = 0;
  while (run + kBlockBytes <= length_bytes && !any(load(bytes + run) ^ same)) run += kBlockBytes;
  if (run == 0) return 0;
  while (run < length_bytes && bytes[run] == bytes[0]) ++run;
  return run;
}

class Writer {
 public:
  explicit Writer(uint8_t* into) : start_(into), at_(into) { *at_++ = '$'; }

  void put(uint8_t byte) {
    *at_++ = byte;
    sum_ = static_cast<uint8_t>(sum_ + byte);
  }

  void putBlock(Block block) {
    memcpy(at_, &block, sizeof block);
    at_ += sizeof block;
    sums_ += block;
  }

  void putEscaped(uint8_t byte) {
    if (!mustEscape(byte)) return put(byte);
    put(kEscape);
    put(byte ^ kEscapeMask);
  }

  void putRun(uint8_t byte, size_t length) {
    while (length >= kLeastRun) {
      size_t repeats = std::min(length - 1, kMostRepeats);
      // Counts of 6 and 7 repeats would be `#` and `$`.
      if (repeats == 6 || repeats == 7) repeats = 5;
      put(byte);
      put(kStar);
      put(static_cast<uint8_t>(repeats + kCountOffset));
      length -= repeats + 1;
    }
    for (; length > 0; --length) put(byte);
  }

  size_t finish() {
    auto checksum = static_cast<uint8_t>(sum_ + sumOf(sums_));
    *at_++ = '#';
    *at_++ = digitOf(checksum >> 4);
    *at_++ = digitOf(checksum & 0xf);
    return static_cast<size_t>(at_ - start_);
  }

 private:
  uint8_t* start_;
  uint8_t* at_;
  uint8_t sum_ = 0;
  Block sums_ = {};
};

void putHexBlock(Writer* writer, Block block) {
  Block high = digitsOf(block >> 4);
  Block low = digitsOf(block & 0xf);
  writer->putBlock(
      __builtin_shuffle(high, low, Block{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23}));
  writer->putBlock(
      __builtin_shuffle(high, low, Block{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31}));
}

}  // namespace

size_t encodeHex(const uint8_t* bytes, size_t length_bytes, uint8_t* into) {
  Writer writer(into);
  size_t at = 0;
  while (at < length_bytes) {
    uint8_t byte = bytes[at];
    bool is_one_digit = byte >> 4 == (byte & 0xf);
    size_t run = is_one_digit ? runAt(bytes + at, length_bytes - at) : 0;
    if (run > 0) {
      writer.putRun(digitOf(byte & 0xf), 2 * run);
      at += run;
    } else if (at + kBlockBytes <= length_bytes) {
      putHexBlock(&writer, load(bytes + at));
      at += kBlockBytes;
    } else {
      writer.put(digitOf(byte >> 4));
      writer.put(digitOf(byte & 0xf));
      ++at;
    }
  }
  return writer.finish();
}

size_t encodeBinary(std::string_view prefix, const uint8_t* bytes, size_t length_bytes, uint8_t* into) {
  Writer writer(into);
  for (char letter : prefix) writer.put(static_cast<uint8_t>(letter));
  size_t at = 0;
  while (at < length_bytes) {
    size_t run = mustEscape(bytes[at]) ? 0 : runAt(bytes + at, length_bytes - at);
    if (run > 0) {
      writer.putRun(bytes[at], run);
      at += run;
      continue;
    }
    size_t piece = std::min(kBlockBytes, length_bytes - at);
    if (piece == kBlockBytes && !any(escapesIn(load(bytes + at)))) {
      writer.putBlock(load(bytes + at));
    } else {
      for (size_t index = 0; index < piece; ++index) writer.putEscaped(bytes[at + index]);
    }
    at += piece;
  }
  return writer.finish();
}

uint8_t sum(const uint8_t* bytes, size_t length_bytes) {
  Block sums = {};
  size_t at = 0;
  for (; at + kBlockBytes <= length_bytes; at += kBlockBytes) sums += load(bytes + at);
  uint8_t total = sumOf(sums);
  for (; at < length_bytes; ++at) total = static_cast<uint8_t>(total + bytes[at]);
  return total;
}

TakenData takeData(const uint8_t* bytes, size_t length_bytes, uint8_t* into, bool is_escaped) {
  TakenData taken;
  Block sums = {};
  size_t from = 0;
  size_t to = 0;
  while (from < length_bytes) {
    if (is_escaped) {
      if (endsData(bytes[from])) break;
      taken.sum = static_cast<uint8_t>(taken.sum + bytes[from]);
      into[to++] = bytes[from++] ^ kEscapeMask;
      is_escaped = false;
      continue;
    }
    if (from + kBlockBytes <= length_bytes) {
      Block block = load(bytes + from);
      auto special = reinterpret_cast<Block>((block == '#') | (block == '$') | (block == kEscape));
      // Never behind the bytes that it comes from; what is behind the first special byte is overwritten.
      memcpy(into + to, &block, sizeof block);
      size_t ahead = any(special) ? firstIn(special) : kBlockBytes;
      sums += ahead == kBlockBytes ? block : block & load(kFirstLanes + kBlockBytes - ahead);
      from += ahead;
      to += ahead;
      if (ahead == kBlockBytes) continue;
    }
    if (endsData(bytes[from])) break;
    taken.sum = static_cast<uint8_t>(taken.sum + bytes[from]);
    is_escaped = bytes[from] == kEscape;
    if (!is_escaped) into[to++] = bytes[from];
    ++from;
  }
  taken.taken_bytes = from;
  taken.plain_bytes = to;
  taken.sum = static_cast<uint8_t>(taken.sum + sumOf(sums));
  taken.is_escaped = is_escaped;
  return taken;
}

}  // namespace outstep::frame
