/**
 * A system call made by the program on our behalf. Signals are blocked meanwhile (PTRACE_SETSIGMASK), so that
 * the step cannot end in a handler or in a signal-delivery stop; what comes stays pending for the program.
 * Two are not: SIGTRAP, which the step itself raises (forcing a blocked signal resets the program's handler),
 * and SIGSTOP, which cannot be blocked and is sent once more afterwards.
 */
#include "system_call.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "ptrace_ops.h"

namespace outstep {

namespace {

constexpr size_t kKernelMaskBytes = 8;
/** Event stops (a pending interrupt, a group stop) may come before the step is done. */
constexpr int kMostStops = 8;

/** si_code of event stops has the event above the lowest byte, ptrace(2) PTRACE_GETSIGINFO. */
constexpr int kFirstEventCode = 0x100;

/** The signal mask of a thread, all signals but SIGTRAP blocked for as long as this lives. */
class BlockedSignals {
 public:
  explicit BlockedSignals(pid_t tid) : tid_(tid) {
    is_saved_ = ptrace(PTRACE_GETSIGMASK, tid_, kKernelMaskBytes, &saved_) == 0;
    uint64_t all = ~(uint64_t{1} << (SIGTRAP - 1));
    if (is_saved_) ptrace(PTRACE_SETSIGMASK, tid_, kKernelMaskBytes, &all);
  }
  ~BlockedSignals() {
    if (is_saved_) ptrace(PTRACE_SETSIGMASK, tid_, kKernelMaskBytes, &saved_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  pid_t tid_;
  uint64_t saved_ = 0;
  bool is_saved_ = false;
};

/** What the program would get when it goes on: told again after the stops that the call causes. */
class KeptSignalInfo {
 public:
  explicit KeptSignalInfo(pid_t tid) : tid_(tid) {
    is_kept_ = ptrace_ops::getSiginfo(tid_, &info_) == 0 && info_.si_code < kFirstEventCode;
  }
  ~KeptSignalInfo() {
    if (is_kept_) ptrace_ops::setSiginfo(tid_, &info_);
  }
  KeptSignalInfo(const KeptSignalInfo&) = delete;
  KeptSignalInfo& operator=(const KeptSignalInfo&) = delete;

 private:
  pid_t tid_;
  siginfo_t info_;
  bool is_kept_ = false;
};

/** The wait status of the stop, or nothing when the thread has ended: that is left for `Tracer::wait`. */
std::optional<int> stepOnce(pid_t tid) {
  if (ptrace_ops::singleStep(tid, 0) != 0) return std::nullopt;
  siginfo_t info = {};
  while (waitid(P_PID, static_cast<id_t>(tid), &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) != 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return std::nullopt;
  int status;
  return waitpid(tid, &status, __WALL | WNOHANG) == tid ? std::optional<int>(status) : std::nullopt;
}

bool isStopSignal(int status) {
  return WSTOPSIG(status) == SIGSTOP && status >> 16 == 0;
}

}  // namespace

std::optional<uint64_t> callSystem(Tracee& tracee, const Arch& arch, const SystemCall& call) {
  if (!loadGeneral(tracee, arch)) return std::nullopt;
  std::vector<uint8_t> saved = tracee.general;
  KeptSignalInfo kept(tracee.tid);
  BlockedSignals blocked(tracee.tid);
  for (size_t index = 0; index < call.args.size() && index < call.argument_offsets.size(); ++index) {
    tracee.setWord(call.argument_offsets[index], call.args[index]);
  }
  tracee.setWord(call.number_offset, call.number);
  if (call.restart_offset >= 0) tracee.setWord(static_cast<size_t>(call.restart_offset), ~uint64_t{0});
  tracee.setWord(arch.pc_offset, call.instruction);
  tracee.setWord(arch.flags_offset, tracee.word(arch.flags_offset) & ~arch.branch_target_flags);
  std::optional<uint64_t> result;
  bool was_stop_signal = false;
  for (int stops = 0; stops < kMostStops && !result; ++stops) {
    if (!storeGeneral(tracee, arch)) return std::nullopt;
    tracee.is_general_valid = false;
    std::optional<int> status = stepOnce(tracee.tid);
    if (!status || !loadGeneral(tracee, arch)) return std::nullopt;
    was_stop_signal = was_stop_signal || isStopSignal(*status);
    // A filter has stopped it on its way into the call.
    if (*status >> 16 == PTRACE_EVENT_SECCOMP) continue;
    if (tracee.word(arch.pc_offset) != call.instruction) result = tracee.word(call.result_offset);
  }
  // A call leaves it as it is, and only from now on it is shown.
  if (result && arch.syscall_end_mark_offset >= 0) {
    auto offset = static_cast<size_t>(arch.syscall_end_mark_offset);
    std::copy_n(tracee.general.begin() + offset, arch.register_bytes, saved.begin() + offset);
  }
  tracee.general = saved;
  tracee.is_general_valid = true;
  tracee.noteChange();
  if (was_stop_signal) syscall(SYS_tkill, tracee.tid, SIGSTOP);
  return result;
}

}  // namespace outstep
