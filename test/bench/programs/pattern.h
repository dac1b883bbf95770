/* The bytes that memory and files are filled with: word number `index` of the stream `seed`. */
#ifndef PATTERN_H
#define PATTERN_H
#include <stddef.h>
#include <stdint.h>

static inline uint64_t pattern_word(uint64_t seed, uint64_t index) {
  uint64_t z = (seed << 40) + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* length_bytes must be a multiple of 8. */
static inline void pattern_fill(uint64_t seed, void *where, size_t length_bytes) {
  uint64_t *words = where;
  for (size_t i = 0; i < length_bytes / 8; i++) words[i] = pattern_word(seed, i);
}
#endif
