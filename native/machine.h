#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outstep {

struct XsaveComponent {
  uint32_t index;
  uint32_t offset;
  uint32_t size_bytes;
};

/** CPUID leaf 0xD and XCR0 (Intel SDM volume 1, chapter 13). */
struct XsaveFacts {
  uint64_t xcr0 = 0;
  uint32_t size_bytes = 0;
  std::vector<XsaveComponent> components;
};

/** src/base/machine-facts.ts MachineFacts. */
struct MachineFacts {
  std::string machine;
  uint64_t hwcap = 0;
  uint64_t hwcap2 = 0;
  std::optional<XsaveFacts> xsave;
  uint32_t vector_bytes = 0;
  uint32_t streaming_vector_bytes = 0;
  uint32_t breakpoint_slots = 0;
  uint32_t watchpoint_slots = 0;
};

MachineFacts machineFacts();

}  // namespace outstep
