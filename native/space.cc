#include "space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <vector>

#include "task_folder.h"

namespace outstep {

namespace {

/** pread and pwrite take signed offsets; the upper half of the address space is the kernel's anyway. */
bool isReachable(uint64_t address) {
  return address <= static_cast<uint64_t>(INT64_MAX);
}

/** UIO_MAXIOV, <linux/uio.h>. */
constexpr size_t kMostRanges = 1024;

/** From here on one copy less is worth a system call that may fail. */
constexpr size_t kBulkBytes = 0x2000;

using BulkTransfer = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long,
                                 unsigned long);

/**
 * What the program may do itself with its memory, from the start; the rest is for /proc/PID/mem, which knows
 * no protection, but copies every byte twice.
 */
size_t transferBulk(BulkTransfer transfer, pid_t pid, uint64_t address, void* bytes, size_t length_bytes) {
  if (length_bytes < kBulkBytes) return 0;
  iovec local = {bytes, length_bytes};
  iovec remote = {reinterpret_cast<void*>(address), length_bytes};
  ssize_t count = transfer(pid, &local, 1, &remote, 1, 0);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

template <typename Transfer>
size_t transferAll(uint64_t address, size_t done, size_t length_bytes, Transfer transfer) {
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
  memory_task = pid;
  return memory.isOpen();
}

bool Space::changeMemoryTask() const {
  TaskFolder tasks(pid);
  const auto lives = [&](pid_t tid) {
    auto stat = tasks.stat(tid);
    return stat && stat->state != 'Z' && stat->state != 'X';
  };
  if (lives(memory_task)) return false;
  for (pid_t tid : tasks.list()) {
    if (!lives(tid)) continue;
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/task/%d/mem", pid, tid);
    ScopedFd opened(open(path, O_RDWR | O_CLOEXEC));
    if (!opened.isOpen()) continue;
    memory = std::move(opened);
    memory_task = tid;
    return true;
  }
  return false;
}

size_t Space::read(uint64_t address, void* into, size_t length_bytes) const {
  auto* bytes = static_cast<uint8_t*>(into);
  size_t bulk = transferBulk(process_vm_readv, pid, address, bytes, length_bytes);
  return transferAll(address, bulk, length_bytes, [&](size_t done, off_t at) {
    return pread(memory.get(), bytes + done, length_bytes - done, at);
  });
}

void Space::readRanges(const uint64_t* addresses, uint32_t* lengths, size_t count, uint8_t* into) const {
  std::vector<iovec> remote;
  size_t first = 0;
  while (first < count) {
    remote.clear();
    size_t total_bytes = 0;
    for (size_t index = first; index < count && remote.size() < kMostRanges; ++index) {
      remote.push_back({reinterpret_cast<void*>(addresses[index]), lengths[index]});
      total_bytes += lengths[index];
    }
    iovec local = {into, total_bytes};
    ssize_t done = process_vm_readv(pid, &local, 1, remote.data(), remote.size(), 0);
    size_t left_bytes = done > 0 ? static_cast<size_t>(done) : 0;
    size_t index = first;
    for (; index < first + remote.size() && lengths[index] <= left_bytes; ++index) {
      left_bytes -= lengths[index];
      into += lengths[index];
    }
    first = index;
    bool is_stuck = total_bytes > 0 && index < count && (done < 0 || static_cast<size_t>(done) < total_bytes);
    if (!is_stuck) continue;
    // The program itself may not read it all: there is another way, which knows no protection.
    uint32_t wanted = lengths[index];
    lengths[index] = static_cast<uint32_t>(read(addresses[index], into, wanted));
    into += wanted;
    first = index + 1;
  }
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
  size_t bulk = 0;
  if (arch.has_coherent_text)
    bulk = transferBulk(process_vm_writev, pid, address, const_cast<uint8_t*>(bytes), length_bytes);
  const auto write_at = [&](size_t done, off_t at) {
    return pwrite(memory.get(), bytes + done, length_bytes - done, at);
  };
  size_t done = transferAll(address, bulk, length_bytes, write_at);
  if (done < length_bytes && changeMemoryTask()) done = transferAll(address, done, length_bytes, write_at);
  return done;
}

const Plan* Space::siteAt(uint64_t address) const {
  auto found = sites.find(address);
  return found == sites.end() ? nullptr : &found->second;
}

void Space::removeSite(uint64_t address) {
  constexpr size_t kMostRemoved = 64;
  auto found = sites.find(address);
  programs.erase(address);
  if (found == sites.end()) return;
  if (removed_sites.size() >= kMostRemoved) removed_sites.clear();
  removed_sites[address] = std::move(found->second);
  sites.erase(found);
}

const Plan* Space::removedSite(uint64_t address) const {
  auto found = removed_sites.find(address);
  return found == removed_sites.end() ? nullptr : &found->second;
}

void Space::removeSlot(uint64_t address) {
  slots.erase(address);
  std::erase_if(removed_sites, [&](const auto& entry) { return entry.second.slot == address; });
}

std::optional<std::pair<uint64_t, const Slot*>> Space::slotOf(uint64_t pc) const {
  auto after = slots.upper_bound(pc);
  if (after == slots.begin()) return std::nullopt;
  auto candidate = std::prev(after);
  if (pc - candidate->first >= candidate->second.size_bytes) return std::nullopt;
  return std::make_pair(candidate->first, &candidate->second);
}

}  // namespace outstep
