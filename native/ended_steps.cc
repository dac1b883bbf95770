/** Threads that have ended a step and are held. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <optional>
#include <utility>

#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

/** si_code of a stop that takes no signal along, as that of a step into a signal handler. */
constexpr int kTakesNoSignal = SIGTRAP;

/** A stop that tells the program nothing when the thread goes on. */
bool isOurs(const Event& event) {
  bool is_trap = event.event == 0 && event.code == SIGTRAP;
  return is_trap && (event.stepped || event.at_site || event.debug_status != 0);
}

}  // namespace

/**
 * Only the next request ends the stepping where the kernel keeps it up: so the thread goes on to another
 * stop, which it comes to before any instruction of the program. A program that ends with us need not survive
 * us.
 */
void Tracer::endStepping(Tracee& tracee, Event* event) {
  const Space* its_space = spaceOf(tracee);
  if (its_space == nullptr || !its_space->arch.keeps_stepping || its_space->dies_with_us) return;
  if (!isOurs(*event) || !std::exchange(tracee.is_stepping, false)) return;
  siginfo_t info = {};
  bool has_info = ptrace_ops::getSiginfo(tracee.tid, &info) == 0;
  if (ptrace_ops::interrupt(tracee.tid) != 0 || ptrace_ops::resume(tracee.tid, 0) != 0) return;
  std::optional<int> status = ptrace_ops::awaitStop(tracee.tid);
  if (!status) return;
  // A job-control stop has come instead, which is to be told when the thread goes on.
  tracee.owes_stop = WSTOPSIG(*status) != SIGTRAP;
  if (has_info) ptrace_ops::setSiginfo(tracee.tid, &info);
  event->signal_code = kTakesNoSignal;
}

}  // namespace outstep
