/**
 * Signals that are delivered without a word to anybody. One that comes while the thread goes past a site is
 * delivered behind the instruction there: its handler would return to the site, and that execution be counted
 * twice.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "out_of_line.h"
#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

/** Raised by the instruction itself: there is nothing behind it. */
bool isFault(const siginfo_t& info) {
  bool is_fault_signal = info.si_signo == SIGSEGV || info.si_signo == SIGBUS || info.si_signo == SIGFPE ||
                         info.si_signo == SIGILL || info.si_signo == SIGTRAP || info.si_signo == SIGSYS;
  return is_fault_signal && info.si_code > 0;
}

}  // namespace

bool Tracer::onPassedSignal(Tracee& tracee, Space& its_space, const siginfo_t& info, Event* event) {
  if (!isFault(info) && tracee.hit_site == event->pc && deferSignal(tracee, its_space, info)) return false;
  return !goOn(tracee, event->code, event);
}

bool Tracer::deferSignal(Tracee& tracee, Space& its_space, const siginfo_t& info) {
  const Plan* plan = its_space.siteAt(tracee.word(its_space.arch.pc_offset));
  // Stepped, an instruction of a sequence would be the last of it that has an effect.
  if (plan == nullptr || plan->is_in_sequence) return false;
  auto slot = its_space.slots.find(plan->slot);
  // The handler may be what lets the system call return.
  if (slot != its_space.slots.end() && slot->second.makes_system_call) return false;
  switch (out_of_line::start(tracee, its_space, *plan)) {
    case out_of_line::Start::kEmulated:
      run(tracee, false, info.si_signo);
      return true;
    case out_of_line::Start::kInSlot:
    case out_of_line::Start::kMustStep:
      tracee.phase = Phase::kSlotStep;
      tracee.deferred_signal = DeferredSignal{info};
      run(tracee, true, 0);
      return true;
    case out_of_line::Start::kReady:
    case out_of_line::Start::kRefused:
      break;
  }
  return false;
}

int Tracer::takeDeferred(Tracee& tracee) {
  if (!tracee.deferred_signal || tracee.deferred_signal->is_sent) return 0;
  siginfo_t info = std::exchange(tracee.deferred_signal, std::nullopt)->info;
  ptrace_ops::setSiginfo(tracee.tid, &info);
  return info.si_signo;
}

void Tracer::resendDeferred(Tracee& tracee, const Space& its_space) {
  if (!tracee.deferred_signal || std::exchange(tracee.deferred_signal->is_sent, true)) return;
  syscall(SYS_tgkill, its_space.pid, tracee.tid, tracee.deferred_signal->info.si_signo);
}

void Tracer::recogniseDeferred(Tracee& tracee, siginfo_t* info) {
  if (!tracee.deferred_signal || !tracee.deferred_signal->is_sent) return;
  bool is_ours = info->si_code == SI_TKILL && info->si_pid == getpid();
  if (!is_ours || info->si_signo != tracee.deferred_signal->info.si_signo) return;
  *info = std::exchange(tracee.deferred_signal, std::nullopt)->info;
  ptrace_ops::setSiginfo(tracee.tid, info);
}

}  // namespace outstep
