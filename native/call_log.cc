#include "call_log.h"

#include <time.h>

#include <cstring>
#include <utility>

namespace outstep {

namespace {

constexpr uint32_t kEntry = 0;
constexpr uint32_t kReturn = 1;

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

void CallLog::addEntry(const Tracee& tracee, const Space& its_space, int number) {
  addHead(tracee, its_space, number, kEntry);
  words_.push_back(tracee.word(its_space.arch.sp_offset));
  for (size_t offset : its_space.arch.syscall_argument_offsets) words_.push_back(tracee.word(offset));
}

void CallLog::addReturn(const Tracee& tracee, const Space& its_space, int number) {
  addHead(tracee, its_space, number, kReturn);
  words_.push_back(tracee.word(its_space.arch.syscall_result_offset));
}

std::vector<uint64_t> CallLog::take() {
  return std::exchange(words_, {});
}

}  // namespace outstep
