#include "task_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decimal.h"
#include "scoped_fd.h"

namespace outstep {

namespace {

/** stat separates its fields by one space each. */
std::string_view fieldAfter(std::string_view text, int skipped) {
  for (; skipped > 0; --skipped) {
    size_t space = text.find(' ');
    if (space == std::string_view::npos) return {};
    text.remove_prefix(space + 1);
  }
  return text;
}

}  // namespace

TaskFolder::TaskFolder(pid_t process) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/task", process);
  folder_.reset(opendir(path));
}

std::vector<pid_t> TaskFolder::list() {
  std::vector<pid_t> tids;
  if (!folder_) return tids;
  rewinddir(folder_.get());
  while (const dirent* entry = readdir(folder_.get())) {
    pid_t tid = decimal(entry->d_name);
    if (tid > 0) tids.push_back(tid);
  }
  return tids;
}

size_t TaskFolder::count() const {
  constexpr size_t kLinksOfFolder = 2;
  struct stat status;
  // Not fstat(2) of the C library: glibc has it since 2.33 only.
  bool is_known =
      folder_ && syscall(SYS_fstat, dirfd(folder_.get()), &status) == 0 && status.st_nlink > kLinksOfFolder;
  return is_known ? status.st_nlink - kLinksOfFolder : 0;
}

std::string_view TaskFolder::read(pid_t tid, const char* file) {
  if (!folder_) return {};
  char path[32];
  snprintf(path, sizeof path, "%d/%s", tid, file);
  ScopedFd fd(openat(dirfd(folder_.get()), path, O_RDONLY | O_CLOEXEC));
  if (!fd.isOpen()) return {};
  ssize_t length = ::read(fd.get(), text_, sizeof text_ - 1);
  if (length <= 0) return {};
  text_[length] = '\0';
  return {text_, static_cast<size_t>(length)};
}

std::optional<TaskStat> TaskFolder::stat(pid_t tid) {
  constexpr int kFieldsFromStateToCpu = 36;
  std::string_view text = read(tid, "stat");
  // The name may contain anything.
  size_t start = text.find('(');
  size_t end = text.rfind(')');
  if (start == std::string_view::npos || end == std::string_view::npos || end + 2 >= text.size())
    return std::nullopt;
  std::string_view fields = text.substr(end + 2);
  TaskStat stat;
  stat.name = text.substr(start + 1, end - start - 1);
  stat.state = fields.front();
  std::string_view cpu = fieldAfter(fields, kFieldsFromStateToCpu);
  if (!cpu.empty()) stat.cpu = decimal(cpu);
  return stat;
}

pid_t TaskFolder::tracerOf(pid_t tid) {
  constexpr std::string_view kField = "\nTracerPid:";
  std::string_view text = read(tid, "status");
  size_t found = text.find(kField);
  return found == std::string_view::npos ? 0 : decimal(text.substr(found + kField.size()));
}

}  // namespace outstep
