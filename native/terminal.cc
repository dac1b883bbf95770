#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "scoped_fd.h"

namespace outstep {

int openSerial(const char* path, Failure* failure) {
  ScopedFd line(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!line.isOpen()) {
    *failure = {errno, "open", 0};
    return -1;
  }
  termios settings;
  if (tcgetattr(line.get(), &settings) == 0) {
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    if (tcsetattr(line.get(), TCSANOW, &settings) != 0) {
      *failure = {errno, "tcsetattr", 0};
      return -1;
    }
  }
  return line.release();
}

int openTerminal(std::string* path, Failure* failure) {
  ScopedFd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  char name[64];
  bool is_open = master.isOpen() && grantpt(master.get()) == 0 && unlockpt(master.get()) == 0 &&
                 ptsname_r(master.get(), name, sizeof name) == 0;
  if (!is_open) {
    *failure = {errno, "posix_openpt", 0};
    return -1;
  }
  *path = name;
  return master.release();
}

std::optional<pid_t> setForegroundGroup(int fd, pid_t group) {
  pid_t before = tcgetpgrp(fd);
  if (before < 0) return std::nullopt;
  // Without this the kernel stops a background process that calls tcsetpgrp.
  struct sigaction ignore = {};
  struct sigaction saved;
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGTTOU, &ignore, &saved);
  int result = tcsetpgrp(fd, group);
  sigaction(SIGTTOU, &saved, nullptr);
  return result == 0 ? std::optional<pid_t>(before) : std::nullopt;
}

}  // namespace outstep
