#include "call_log.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace outstep {

namespace {

constexpr uint32_t kEntry = 0;
constexpr uint32_t kReturn = 1;
constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kFirstBytes = 256;
/** MAX_ERRNO, <linux/err.h>. */
constexpr int64_t kMostError = 4095;

bool isError(uint64_t result, size_t register_bytes) {
  auto value = static_cast<int64_t>(result);
  if (register_bytes == sizeof(uint32_t)) value = static_cast<int32_t>(result);
  return value < 0 && value >= -kMostError;
}

/** The second is the upper one on machines of this byte order, which are all there are. */
uint64_t pair(uint32_t first, uint32_t second) {
  return first | uint64_t{second} << 32;
}

/** Milliseconds since 1970, as a number of JavaScript. */
uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);  // vDSO: no system call
  double milliseconds = static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  uint64_t bits;
  memcpy(&bits, &milliseconds, sizeof bits);
  return bits;
}

}  // namespace

uint8_t LoggedCalls::endsOf(int number) const {
  bool is_listed = number >= 0 && static_cast<size_t>(number) < ends.size();
  return is_listed ? ends[static_cast<size_t>(number)] : others;
}

void CallLog::addHead(const Tracee& tracee, const Space& its_space, int number, uint32_t end) {
  words_.push_back(pair(static_cast<uint32_t>(tracee.tid), static_cast<uint32_t>(number)));
  words_.push_back(pair(static_cast<uint32_t>(its_space.pid), end));
  words_.push_back(now());
}

void CallLog::addEntry(Tracee& tracee, const Space& its_space, int number) {
  const auto& offsets = its_space.arch.syscall_argument_offsets;
  addHead(tracee, its_space, number, kEntry);
  words_.push_back(tracee.word(its_space.arch.sp_offset));
  for (size_t index = 0; index < tracee.call_arguments.size(); ++index) {
    tracee.call_arguments[index] = index < offsets.size() ? tracee.word(offsets[index]) : 0;
    words_.push_back(tracee.call_arguments[index]);
  }
  addMemory(tracee, its_space, number, false, 0);
}

void CallLog::addReturn(const Tracee& tracee, const Space& its_space, int number) {
  uint64_t result = tracee.word(its_space.arch.syscall_result_offset);
  addHead(tracee, its_space, number, kReturn);
  words_.push_back(result);
  addMemory(tracee, its_space, number, true, result);
}

void CallLog::addMemory(const Tracee& tracee, const Space& its_space, int number, bool is_return,
                        uint64_t result) {
  size_t count_at = words_.size();
  words_.push_back(0);
  const auto& reads = its_space.logged_calls.reads;
  auto found = reads.empty() ? reads.end() : reads.find(number);
  if (found == reads.end()) return;
  bool has_failed = is_return && isError(result, its_space.arch.register_bytes);
  for (const LoggedRead& read : found->second) {
    if (read.is_return != is_return || (has_failed && read.needs_success)) continue;
    uint64_t address = tracee.call_arguments.at(static_cast<size_t>(read.argument));
    uint64_t most = read.most_bytes;
    if (read.count_argument != LoggedRead::kAll) {
      uint64_t count = read.count_argument == LoggedRead::kResult
                           ? result
                           : tracee.call_arguments.at(static_cast<size_t>(read.count_argument));
      if (count < most / read.element_bytes) most = count * read.element_bytes;
    }
    if (address != 0 && most != 0) addRead(its_space, read, address, most);
  }
  words_[count_at] = words_.size() - count_at - 1;
}

void CallLog::addRead(const Space& its_space, const LoggedRead& read, uint64_t address,
                      uint64_t length_bytes) {
  size_t head_at = words_.size();
  words_.resize(head_at + 2 + (length_bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t));
  auto* bytes = reinterpret_cast<uint8_t*>(&words_[head_at + 2]);
  size_t done = 0;
  for (bool goes_on = true; goes_on && done < length_bytes;) {
    uint64_t wanted = length_bytes - done;
    // Most strings are short, and what is behind them may not be there.
    if (read.is_string)
      wanted =
          std::min({wanted, kPageBytes - (address + done) % kPageBytes, done == 0 ? kFirstBytes : wanted});
    size_t got = its_space.readOriginal(address + done, bytes + done, wanted);
    const void* zero = read.is_string ? memchr(bytes + done, 0, got) : nullptr;
    goes_on = got == wanted && zero == nullptr;
    if (zero != nullptr) got = static_cast<size_t>(static_cast<const uint8_t*>(zero) - bytes) + 1 - done;
    done += got;
  }
  words_[head_at] = address;
  words_[head_at + 1] = pair(static_cast<uint32_t>(length_bytes), static_cast<uint32_t>(done));
  words_.resize(head_at + 2 + (done + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

std::vector<uint64_t> CallLog::take() {
  return std::exchange(words_, {});
}

}  // namespace outstep
