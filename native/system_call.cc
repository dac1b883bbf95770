/**
 * A system call made by the program on our behalf. Every signal is blocked meanwhile (PTRACE_SETSIGMASK), so
 * that the step cannot end in a handler or in a signal-delivery stop; what comes stays pending for the
 * program.
 */
#include "system_call.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "ptrace_ops.h"

namespace outstep {

namespace {

constexpr size_t kKernelMaskBytes = 8;
/** Event stops (a pending interrupt, a group stop) may come before the step is done. */
constexpr int kMostStops = 8;

/** The signal mask of a thread, all signals blocked for as long as this lives. */
class BlockedSignals {
 public:
  explicit BlockedSignals(pid_t tid) : tid_(tid) {
    is_saved_ = ptrace(PTRACE_GETSIGMASK, tid_, kKernelMaskBytes, &saved_) == 0;
    uint64_t all = ~uint64_t{0};
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

bool stepOnce(pid_t tid) {
  if (ptrace_ops::singleStep(tid, 0) != 0) return false;
  int status;
  pid_t got;
  while ((got = waitpid(tid, &status, __WALL)) < 0 && errno == EINTR) {
  }
  return got == tid && WIFSTOPPED(status);
}

}  // namespace

std::optional<uint64_t> callSystem(Tracee& tracee, const Arch& arch, const SystemCall& call) {
  if (!loadGeneral(tracee, arch)) return std::nullopt;
  const std::vector<uint8_t> saved = tracee.general;
  BlockedSignals blocked(tracee.tid);
  for (size_t index = 0; index < call.args.size() && index < call.argument_offsets.size(); ++index) {
    tracee.setWord(call.argument_offsets[index], call.args[index]);
  }
  tracee.setWord(call.number_offset, call.number);
  tracee.setWord(call.restart_offset, ~uint64_t{0});
  tracee.setWord(arch.pc_offset, call.instruction);
  std::optional<uint64_t> result;
  for (int stops = 0; stops < kMostStops && !result; ++stops) {
    if (!storeGeneral(tracee, arch)) return std::nullopt;
    tracee.is_general_valid = false;
    if (!stepOnce(tracee.tid) || !loadGeneral(tracee, arch)) return std::nullopt;
    if (tracee.word(arch.pc_offset) != call.instruction) result = tracee.word(call.result_offset);
  }
  tracee.general = saved;
  tracee.is_general_valid = true;
  tracee.is_general_dirty = true;
  return result;
}

}  // namespace outstep
