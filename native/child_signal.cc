#include "child_signal.h"

#include <signal.h>

#include <mutex>

namespace outstep {

namespace {
std::mutex mutex;
int wanting = 0;
}  // namespace

void StopSignals::set(bool wanted) {
  if (is_applied_ && wanted == wanted_) return;
  std::lock_guard<std::mutex> lock(mutex);
  if (wanted != wanted_) wanting += wanted ? 1 : -1;
  wanted_ = wanted;
  is_applied_ = true;
  struct sigaction action;
  sigaction(SIGCHLD, nullptr, &action);
  int flags = wanting > 0 ? action.sa_flags & ~SA_NOCLDSTOP : action.sa_flags | SA_NOCLDSTOP;
  if (flags == action.sa_flags) return;
  action.sa_flags = flags;
  sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace outstep
