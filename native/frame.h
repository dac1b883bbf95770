#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outstep::frame {

/** Bytes that a frame of `length_bytes` of data may need: two for each, and the framing. */
constexpr size_t roomFor(size_t length_bytes) {
  return 2 * length_bytes + 4;
}

/** Writes `$`, two hex digits a byte with run-lengths, `#` and the checksum; returns how many bytes. */
size_t encodeHex(const uint8_t* bytes, size_t length_bytes, uint8_t* into);
/** As `encodeHex`: `prefix`, which needs no escapes, and the bytes with escapes and run-lengths. */
size_t encodeBinary(std::string_view prefix, const uint8_t* bytes, size_t length_bytes, uint8_t* into);

struct TakenData {
  size_t taken_bytes = 0;
  size_t plain_bytes = 0;
  /** Of the bytes taken, modulo 256. */
  uint8_t sum = 0;
  /** The last byte taken was an escape; what it escapes is still to come. */
  bool is_escaped = false;
};

/** Takes data up to the first byte that ends them, or begins a packet within them, and undoes escapes.
 * `into` is elsewhere and has room for `length_bytes`. */
TakenData takeData(const uint8_t* bytes, size_t length_bytes, uint8_t* into, bool is_escaped);
/** The checksum, modulo 256. */
uint8_t sum(const uint8_t* bytes, size_t length_bytes);

}  // namespace outstep::frame
