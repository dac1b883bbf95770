#include "left_threads.h"

#include <elf.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <initializer_list>

#include "bare_system.h"

namespace outstep::sentinel {

namespace {

/** A thread that does not stop for so long is in a sleep that nothing interrupts. */
constexpr int kMostLooks = 20'000;
constexpr long kBetweenLooksNs = 100'000;

/** si_code of the traps of debug registers, <asm-generic/siginfo.h>. */
constexpr int kPointTrap = 4;

#if defined(__x86_64__)

void clearPoints(int tid) {
  constexpr long kControl = offsetof(struct user, u_debugreg) + 7 * sizeof(long);
  bare::trace(PTRACE_POKEUSER, tid, kControl);
}

#elif defined(__aarch64__)

/** struct user_hwdebug_state, <asm/ptrace.h>, which does not go with <sys/ptrace.h> everywhere. */
struct DebugState {
  uint32_t info;
  uint32_t padding;
  struct {
    uint64_t address;
    uint32_t control;
    uint32_t padding;
  } registers[16];
};

/** Registers that are not in use stay untouched: a store would reserve them in the kernel. */
void clearPoints(int tid) {
  constexpr uint32_t kEnabled = 1;
  // On the stack it would be zeroed by memset(3), which is not there.
  static DebugState state;
  constexpr size_t kMost = sizeof state.registers / sizeof state.registers[0];
  for (long note : {NT_ARM_HW_BREAK, NT_ARM_HW_WATCH}) {
    iovec area = {&state, sizeof state};
    if (bare::trace(PTRACE_GETREGSET, tid, note, &area) != 0) continue;
    size_t used = 0;
    for (size_t index = 0; index < kMost; ++index) {
      if ((state.registers[index].control & kEnabled) == 0) continue;
      state.registers[index].control = 0;
      used = index + 1;
    }
    area.iov_len = offsetof(DebugState, registers) + used * sizeof state.registers[0];
    if (used > 0) bare::trace(PTRACE_SETREGSET, tid, note, &area);
  }
}

#endif

/** The status of its stop; 0: it is gone, or does not stop. */
int awaitStop(int tid) {
  int status = 0;
  for (int look = 0; look < kMostLooks; ++look) {
    long id = bare::lookForStop(tid, &status);
    if (id != 0) return id == tid && WIFSTOPPED(status) ? status : 0;
    bare::sleep(kBetweenLooksNs);
  }
  return 0;
}

/** Of a stop: what the thread is to get of it. */
int signalOf(int tid, int status) {
  if (status >> 16 != 0) return 0;
  static siginfo_t info;
  bool is_ours = WSTOPSIG(status) == SIGTRAP && bare::trace(PTRACE_GETSIGINFO, tid, 0, &info) == 0 &&
                 info.si_code == kPointTrap;
  return is_ours ? 0 : WSTOPSIG(status);
}

/** False: it has a tracer. */
bool takePointsOf(int tid) {
  long code = bare::seize(tid);
  if (code != 0) return code != -EPERM;
  if (bare::trace(PTRACE_INTERRUPT, tid) != 0) return true;
  int status = awaitStop(tid);
  if (status == 0) return true;
  clearPoints(tid);
  bare::detach(tid, signalOf(tid, status));
  return true;
}

/** "/proc/TID/task". */
int openTasks(int tid) {
  char digits[12];
  size_t count = 0;
  for (int rest = tid; rest > 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
  char path[32] = {'/', 'p', 'r', 'o', 'c', '/'};
  size_t length = 6;
  while (count > 0) path[length++] = digits[--count];
  for (char letter : {'/', 't', 'a', 's', 'k', '\0'}) path[length++] = letter;
  return bare::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/** 0 for "." and "..". */
int numberOf(const char* name) {
  int number = 0;
  for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
  return number;
}

/** getdents64(2). */
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length_bytes;
  uint8_t kind;
  char name[];
};

}  // namespace

bool takePoints(int32_t tid) {
  int tasks = openTasks(tid);
  if (tasks < 0) return true;
  alignas(DirectoryEntry) static char entries[4096];
  bool is_done = true;
  long size;
  while (is_done && (size = bare::readDirectory(tasks, entries, sizeof entries)) > 0) {
    for (long at = 0; is_done && at < size;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(entries + at);
      at += entry->length_bytes;
      int number = numberOf(entry->name);
      if (number > 0) is_done = takePointsOf(number);
    }
  }
  bare::close(tasks);
  return is_done;
}

}  // namespace outstep::sentinel
