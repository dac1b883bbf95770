/**
 * What compilers call of themselves, also where there is no C library (GCC manual, "Language Standards
 * Supported by GCC"). Whoever compiles this keeps the compiler from seeing a call of them in their own loops
 * (-fno-tree-loop-distribute-patterns).
 */
#include <stddef.h>
#include <stdint.h>

extern "C" {

void* memset(void* target, int value, size_t length) {
  auto* bytes = static_cast<uint8_t*>(target);
  for (size_t at = 0; at < length; ++at) bytes[at] = static_cast<uint8_t>(value);
  return target;
}

void* memcpy(void* target, const void* source, size_t length) {
  auto* to = static_cast<uint8_t*>(target);
  auto* from = static_cast<const uint8_t*>(source);
  for (size_t at = 0; at < length; ++at) to[at] = from[at];
  return target;
}

void* memmove(void* target, const void* source, size_t length) {
  auto* to = static_cast<uint8_t*>(target);
  auto* from = static_cast<const uint8_t*>(source);
  if (to <= from) return memcpy(target, source, length);
  for (size_t at = length; at-- > 0;) to[at] = from[at];
  return target;
}

int memcmp(const void* left, const void* right, size_t length) {
  auto* ours = static_cast<const uint8_t*>(left);
  auto* theirs = static_cast<const uint8_t*>(right);
  for (size_t at = 0; at < length; ++at) {
    if (ours[at] != theirs[at]) return ours[at] - theirs[at];
  }
  return 0;
}
}
