#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outstep {

/** What /proc/PID/task/TID/stat says of a thread, proc(5). */
struct TaskStat {
  /** comm, as the thread has it. */
  std::string name;
  /** R, S, D, T, t, Z or X. */
  char state = '?';
  /** CPU that it last ran on. */
  int cpu = 0;
};

/** The threads of a process as /proc/PID/task has them. Of a process that is gone it is empty. */
class TaskFolder {
 public:
  explicit TaskFolder(pid_t process);

  /** Those that end meanwhile may take others with them out of the list. */
  std::vector<pid_t> list();
  /** How many there are, by the folder's count of links. */
  size_t count() const;
  /** Three system calls. Nothing: the thread is gone. */
  std::optional<TaskStat> stat(pid_t tid);
  /** The thread that traces it; 0: none, or it is gone. */
  pid_t tracerOf(pid_t tid);

 private:
  struct Closer {
    void operator()(DIR* folder) const { closedir(folder); }
  };

  /** Text of a file of a thread, as far as it fits; empty: the thread is gone. */
  std::string_view read(pid_t tid, const char* file);

  std::unique_ptr<DIR, Closer> folder_;
  char text_[4096];
};

}  // namespace outstep
