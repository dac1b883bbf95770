#pragma once

#include <cstdint>
#include <vector>

namespace outstep {

struct XsaveComponent {
  uint32_t index;
  uint32_t offset;
  uint32_t size_bytes;
};

struct MachineFacts {
  uint64_t xcr0 = 0;
  uint32_t xsave_size_bytes = 0;
  std::vector<XsaveComponent> components;
};

/** CPUID leaf 0xD and XCR0 (Intel SDM volume 1, chapter 13); all zero on other architectures. */
MachineFacts machineFacts();

}  // namespace outstep
