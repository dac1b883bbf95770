#include "space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace outstep {

namespace {

/** pread and pwrite take signed offsets; the upper half of the address space is the kernel's anyway. */
bool isReachable(uint64_t address) {
  return address <= static_cast<uint64_t>(INT64_MAX);
}

template <typename Transfer>
size_t transferAll(uint64_t address, size_t length_bytes, Transfer transfer) {
  size_t done = 0;
  while (done < length_bytes && isReachable(address + done)) {
    ssize_t count = transfer(done, static_cast<off_t>(address + done));
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      break;
    }
  }
  return done;
}

}  // namespace

bool Space::openMemory() {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  memory.reset(open(path, O_RDWR | O_CLOEXEC));
  return memory.isOpen();
}

size_t Space::read(uint64_t address, void* into, size_t length_bytes) const {
  auto* bytes = static_cast<uint8_t*>(into);
  return transferAll(address, length_bytes, [&](size_t done, off_t at) {
    return pread(memory.get(), bytes + done, length_bytes - done, at);
  });
}

size_t Space::readOriginal(uint64_t address, void* into, size_t length_bytes) const {
  size_t done = read(address, into, length_bytes);
  auto* bytes = static_cast<uint8_t*>(into);
  const auto& trap = arch.breakpoint_bytes;
  for (const auto& [at, plan] : sites) {
    bool overlaps = at < address + done && at + plan.original.size() > address;
    for (size_t index = 0; overlaps && index < plan.original.size(); ++index) {
      uint64_t offset = at + index - address;
      // Its mapping may have been replaced.
      if (offset < done && bytes[offset] == trap[index]) bytes[offset] = plan.original[index];
    }
  }
  return done;
}

size_t Space::write(uint64_t address, const void* from, size_t length_bytes) const {
  auto* bytes = static_cast<const uint8_t*>(from);
  return transferAll(address, length_bytes, [&](size_t done, off_t at) {
    return pwrite(memory.get(), bytes + done, length_bytes - done, at);
  });
}

const Plan* Space::siteAt(uint64_t address) const {
  auto found = sites.find(address);
  return found == sites.end() ? nullptr : &found->second;
}

std::optional<std::pair<uint64_t, const Slot*>> Space::slotOf(uint64_t pc) const {
  auto after = slots.upper_bound(pc);
  if (after == slots.begin()) return std::nullopt;
  auto candidate = std::prev(after);
  if (pc - candidate->first >= kSlotSizeBytes) return std::nullopt;
  return std::make_pair(candidate->first, &candidate->second);
}

}  // namespace outstep
