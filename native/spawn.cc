/**
 * fork, seize, exec. The child waits until it is seized, so that even its execve is seen; PTRACE_TRACEME
 * would do without the wait but gives up PTRACE_INTERRUPT and PTRACE_LISTEN.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrace_ops.h"
#include "scoped_fd.h"

namespace outstep {

namespace {

struct Report {
  int code;
  char request[24];
};

struct Pipe {
  ScopedFd reader;
  ScopedFd writer;
  bool open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    return true;
  }
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const auto& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

[[noreturn]] void giveUp(int report_fd, const char* request) {
  Report report = {errno, {}};
  for (size_t i = 0; i + 1 < sizeof report.request && request[i] != 0; ++i) report.request[i] = request[i];
  ssize_t written = write(report_fd, &report, sizeof report);
  _exit(written == sizeof report ? 127 : 126);
}

void redirectStdio(int report_fd) {
  int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    giveUp(report_fd, "dup2");
  }
  close(null);
}

/** A session of its own, with this terminal on the three descriptors. */
void takeTerminal(const char* path, int report_fd) {
  if (setsid() < 0) giveUp(report_fd, "setsid");
  int terminal = open(path, O_RDWR | O_NOCTTY);
  if (terminal < 0) giveUp(report_fd, "open");
  if (ioctl(terminal, TIOCSCTTY, 0) != 0) giveUp(report_fd, "TIOCSCTTY");
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup2(terminal, fd) < 0) giveUp(report_fd, "dup2");
  }
  if (terminal > STDERR_FILENO) close(terminal);
}

void openStdio(const SpawnOptions& options, int report_fd) {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const std::string& path = options.stdio[fd];
    if (path.empty()) continue;
    int flags = fd == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    // Both outputs into one file: neither writes over the other.
    bool is_same = fd == STDERR_FILENO && path == options.stdio[STDOUT_FILENO];
    int file = is_same ? STDOUT_FILENO : open(path.c_str(), flags | O_NOCTTY, 0666);
    if (file < 0) giveUp(report_fd, "open");
    if (file != fd && dup2(file, fd) < 0) giveUp(report_fd, "dup2");
    if (file > STDERR_FILENO) close(file);
  }
}

/**
 * Node ignores these two signals, raises the limit of open files and marks its standard descriptors
 * close-on-exec and, where they are used, non-blocking; a program started by a shell sees none of this.
 */
void undoNodeSettings(const rlimit* open_files) {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
    int status = fcntl(fd, F_GETFL);
    if (status >= 0 && (status & O_NONBLOCK) != 0) fcntl(fd, F_SETFL, status & ~O_NONBLOCK);
  }
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (open_files != nullptr) setrlimit(RLIMIT_NOFILE, open_files);
}

/** Runs between fork and exec: async-signal-safe calls only. */
[[noreturn]] void runChild(const SpawnOptions& options, char* const* args, char* const* environment,
                           const Pipe& go, int report_fd, const rlimit* open_files) {
  close(go.writer.get());
  if (options.terminal.empty()) setpgid(0, 0);
  undoNodeSettings(open_files);
  if (options.disable_randomization) {
    int current = personality(0xffffffff);
    if (current != -1) personality(static_cast<unsigned long>(current) | ADDR_NO_RANDOMIZE);
  }
  if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) {
    giveUp(report_fd, "chdir");
  }
  for (int fd : options.descriptors) {
    if (fcntl(fd, F_SETFD, 0) != 0) giveUp(report_fd, "F_SETFD");
  }
  if (options.redirect_stdio) redirectStdio(report_fd);
  if (!options.terminal.empty()) takeTerminal(options.terminal.c_str(), report_fd);
  openStdio(options, report_fd);
  char word;
  ssize_t size;
  while ((size = read(go.reader.get(), &word, 1)) < 0 && errno == EINTR) {
  }
  if (size != 1) _exit(126);  // nobody is there any more to trace it
  execvpe(options.file.c_str(), args, environment);
  giveUp(report_fd, "execve");
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace

pid_t spawnTraced(const SpawnOptions& options, Failure* failure) {
  Pipe go;
  Pipe report;
  if (!go.open() || !report.open()) {
    *failure = {errno, "pipe2", 0};
    return -1;
  }
  std::vector<char*> args = pointers(options.args);
  std::vector<char*> environment = pointers(options.environment);
  // The limit that whoever started us has is the one that the program would have got.
  rlimit open_files;
  bool has_limit = prlimit(getppid(), RLIMIT_NOFILE, nullptr, &open_files) == 0;
  pid_t pid = fork();
  if (pid == 0) {
    runChild(options, args.data(), environment.data(), go, report.writer.get(),
             has_limit ? &open_files : nullptr);
  }
  if (pid < 0) {
    *failure = {errno, "fork", 0};
    return -1;
  }
  report.writer.reset();
  int code = ptrace_ops::seize(pid, ptrace_ops::kOptions | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
  if (code != 0) {
    *failure = {code, "PTRACE_SEIZE", pid};
    kill(pid, SIGKILL);
    reap(pid);
    return -1;
  }
  if (write(go.writer.get(), "g", 1) != 1) kill(pid, SIGKILL);
  Report said = {};
  ssize_t size;
  // Ends when execve closes the pipe, before the exec stop, or with a report.
  while ((size = read(report.reader.get(), &said, sizeof said)) < 0 && errno == EINTR) {
  }
  if (size != sizeof said) return pid;
  static thread_local Report last;
  last = said;
  *failure = {last.code, last.request, pid};
  kill(pid, SIGKILL);
  reap(pid);
  return -1;
}

}  // namespace outstep
