/**
 * Descriptors through which the system calls of a seccomp filter are answered (SECCOMP_RET_USER_NOTIF,
 * seccomp_unotify(2)).
 */
#include "listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace outstep::listener {

namespace {

bool hasAction(unsigned action) {
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace

ScopedFd copyOf(pid_t pid, int descriptor) {
  ScopedFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.isOpen()) return ScopedFd(-1);
  return ScopedFd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), descriptor, 0)));
}

bool canAnswer() {
  if (!hasAction(SECCOMP_RET_TRACE) || !hasAction(SECCOMP_RET_USER_NOTIF)) return false;
  // As old as the rest of what is needed, SECCOMP_USER_NOTIF_FLAG_CONTINUE and
  // SECCOMP_FILTER_FLAG_TSYNC_ESRCH.
  int ends[2];
  if (pipe(ends) != 0) return false;
  ScopedFd reader(ends[0]);
  ScopedFd writer(ends[1]);
  return copyOf(getpid(), reader.get()).isOpen();
}

}  // namespace outstep::listener
