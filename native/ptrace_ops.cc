#include "ptrace_ops.h"

#include <errno.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

namespace outstep::ptrace_ops {

namespace {

void* asPointer(uint64_t value) {
  return reinterpret_cast<void*>(static_cast<uintptr_t>(value));
}

template <typename Request>
int call(Request request, pid_t tid, void* address, void* data) {
  return ptrace(request, tid, address, data) == -1 ? errno : 0;
}

template <typename Request>
int peek(Request request, pid_t tid, uint64_t address, uint64_t* into) {
  errno = 0;
  long word = ptrace(request, tid, asPointer(address), nullptr);
  if (errno != 0) return errno;
  *into = static_cast<uint64_t>(word);
  return 0;
}

uint64_t bitOf(int signal) {
  return uint64_t{1} << (signal - 1);
}

/** PTRACE_PEEKMTETAGS and PTRACE_POKEMTETAGS, <asm/ptrace.h> of aarch64; other machines have no such
 * requests. */
constexpr int kReadTags = 33;
constexpr int kWriteTags = 34;

int transferTags(int request, pid_t tid, uint64_t address, void* tags, size_t* count) {
  iovec area = {tags, *count};
#if defined(__GLIBC__)
  int code = call(static_cast<__ptrace_request>(request), tid, asPointer(address), &area);
#else
  int code = call(request, tid, asPointer(address), &area);
#endif
  if (code == 0) *count = area.iov_len;
  return code;
}

template <typename Condition>
bool anyPending(pid_t tid, uint32_t flags, Condition condition) {
  constexpr int kBatch = 8;
  siginfo_t infos[kBatch];
  __ptrace_peeksiginfo_args range = {0, flags, kBatch};
  for (;;) {
    long count = ptrace(PTRACE_PEEKSIGINFO, tid, &range, infos);
    for (long i = 0; i < count; ++i) {
      if (condition(infos[i])) return true;
    }
    if (count < kBatch) return false;
    range.off += kBatch;
  }
}

}  // namespace

int seize(pid_t tid, long options) {
  return call(PTRACE_SEIZE, tid, nullptr, asPointer(static_cast<uint64_t>(options)));
}
int interrupt(pid_t tid) {
  return call(PTRACE_INTERRUPT, tid, nullptr, nullptr);
}
int listen(pid_t tid) {
  return call(PTRACE_LISTEN, tid, nullptr, nullptr);
}
int resume(pid_t tid, int signal) {
  return call(PTRACE_CONT, tid, nullptr, asPointer(static_cast<uint64_t>(signal)));
}
int singleStep(pid_t tid, int signal) {
  return call(PTRACE_SINGLESTEP, tid, nullptr, asPointer(static_cast<uint64_t>(signal)));
}
int resumeToCall(pid_t tid, int signal) {
  return call(PTRACE_SYSCALL, tid, nullptr, asPointer(static_cast<uint64_t>(signal)));
}
int detach(pid_t tid, int signal) {
  return call(PTRACE_DETACH, tid, nullptr, asPointer(static_cast<uint64_t>(signal)));
}

int getRegset(pid_t tid, int note_type, void* into, size_t* size_bytes) {
  iovec area = {into, *size_bytes};
  int code = call(PTRACE_GETREGSET, tid, asPointer(static_cast<uint64_t>(note_type)), &area);
  if (code == 0) *size_bytes = area.iov_len;
  return code;
}

int setRegset(pid_t tid, int note_type, const void* from, size_t size_bytes) {
  iovec area = {const_cast<void*>(from), size_bytes};
  return call(PTRACE_SETREGSET, tid, asPointer(static_cast<uint64_t>(note_type)), &area);
}

#if defined(__x86_64__)
int getOwnRegisters(pid_t tid, void* into, size_t size_bytes) {
  return size_bytes == sizeof(user_regs_struct) ? call(PTRACE_GETREGS, tid, nullptr, into) : ENOSYS;
}
int setOwnRegisters(pid_t tid, const void* from, size_t size_bytes) {
  if (size_bytes != sizeof(user_regs_struct)) return ENOSYS;
  return call(PTRACE_SETREGS, tid, nullptr, const_cast<void*>(from));
}
#else
int getOwnRegisters(pid_t, void*, size_t) {
  return ENOSYS;
}
int setOwnRegisters(pid_t, const void*, size_t) {
  return ENOSYS;
}
#endif

int getSiginfo(pid_t tid, siginfo_t* into) {
  return call(PTRACE_GETSIGINFO, tid, nullptr, into);
}
int setSiginfo(pid_t tid, const siginfo_t* from) {
  return call(PTRACE_SETSIGINFO, tid, nullptr, const_cast<siginfo_t*>(from));
}
bool hasPendingTrap(pid_t tid) {
  return anyPending(tid, 0, [](const siginfo_t& info) {
    // Where a step over a system call ends, some machines have the code of a signal from nobody.
    bool is_raised = info.si_code > 0 || (info.si_code == SI_USER && info.si_pid == 0);
    return info.si_signo == SIGTRAP && is_raised;
  });
}
bool awaitsSignal(pid_t tid, bool of_process) {
  uint64_t left_out = bitOf(SIGKILL) | bitOf(SIGSTOP) | bitOf(SIGCONT);
  bool is_mask_known = false;
  const auto counts = [&](const siginfo_t& info) {
    uint64_t blocked = 0;
    if (!is_mask_known && ptrace(PTRACE_GETSIGMASK, tid, sizeof blocked, &blocked) == 0) left_out |= blocked;
    is_mask_known = true;
    return (left_out & bitOf(info.si_signo)) == 0;
  };
  return anyPending(tid, 0, counts) || (of_process && anyPending(tid, PTRACE_PEEKSIGINFO_SHARED, counts));
}
int readTags(pid_t tid, uint64_t address, uint8_t* into, size_t* count) {
  return transferTags(kReadTags, tid, address, into, count);
}
int writeTags(pid_t tid, uint64_t address, const uint8_t* from, size_t* count) {
  return transferTags(kWriteTags, tid, address, const_cast<uint8_t*>(from), count);
}
std::optional<int> awaitStop(pid_t tid) {
  siginfo_t info = {};
  while (waitid(P_PID, static_cast<id_t>(tid), &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) != 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return std::nullopt;
  int status;
  return waitpid(tid, &status, __WALL | WNOHANG) == tid ? std::optional<int>(status) : std::nullopt;
}
int getEventMessage(pid_t tid, unsigned long* into) {
  return call(PTRACE_GETEVENTMSG, tid, nullptr, into);
}
int getSystemCallInfo(pid_t tid, __ptrace_syscall_info* into) {
  return call(PTRACE_GET_SYSCALL_INFO, tid, asPointer(sizeof *into), into);
}
/** Since Linux 6.4; before nobody says. */
bool dispatchesCalls(pid_t tid) {
  // PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG and struct ptrace_sud_config, <linux/ptrace.h>; older headers
  // lack them.
  constexpr auto kGetConfig = static_cast<__ptrace_request>(0x4211);
  struct {
    uint64_t mode;
    uint64_t selector;
    uint64_t offset;
    uint64_t length;
  } config = {};
  return call(kGetConfig, tid, asPointer(sizeof config), &config) == 0 && config.mode != 0;
}
int peekUser(pid_t tid, size_t offset, uint64_t* into) {
  return peek(PTRACE_PEEKUSER, tid, offset, into);
}
int pokeUser(pid_t tid, size_t offset, uint64_t value) {
  return call(PTRACE_POKEUSER, tid, asPointer(offset), asPointer(value));
}
int peekData(pid_t tid, uint64_t address, uint64_t* into) {
  return peek(PTRACE_PEEKDATA, tid, address, into);
}
int pokeData(pid_t tid, uint64_t address, uint64_t value) {
  return call(PTRACE_POKEDATA, tid, asPointer(address), asPointer(value));
}

}  // namespace outstep::ptrace_ops
