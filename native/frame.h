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

/** Index of the first byte that ends data, or begins a packet within it; `length_bytes` when there is none.
 */
size_t endOfData(const uint8_t* bytes, size_t length_bytes);
/** The checksum, modulo 256. */
uint8_t sum(const uint8_t* bytes, size_t length_bytes);
/** Undoes escapes; `into` has room for `length_bytes`, and may be `bytes` itself. Returns how many bytes are
 * left. */
size_t unescape(const uint8_t* bytes, size_t length_bytes, uint8_t* into);

}  // namespace outstep::frame
