#include "machine.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace outstep {

MachineFacts machineFacts() {
  MachineFacts facts;
#if defined(__x86_64__)
  uint32_t eax, ebx, ecx, edx;
  constexpr uint32_t kOsxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & kOsxsave) == 0) return facts;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  facts.xcr0 = static_cast<uint64_t>(high) << 32 | low;
  if (!__get_cpuid_count(0xd, 0, &eax, &ebx, &ecx, &edx)) return facts;
  facts.xsave_size_bytes = ebx;
  for (uint32_t index = 2; index < 63; ++index) {
    if ((facts.xcr0 >> index & 1) == 0) continue;
    __cpuid_count(0xd, index, eax, ebx, ecx, edx);
    facts.components.push_back({index, ebx, eax});
  }
#endif
  return facts;
}

}  // namespace outstep
