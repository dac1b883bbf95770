/**
 * Takes the threads of a running process.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ptrace_ops.h"
#include "task_folder.h"
#include "tracer.h"

namespace outstep {

namespace {

/** Until it is gone a thread that has ended is listed; the kernel refuses it with EPERM. */
bool isEnding(TaskFolder& folder, pid_t tid) {
  std::optional<TaskStat> stat = folder.stat(tid);
  return !stat || stat->state == 'Z' || stat->state == 'X';
}

}  // namespace

Seizure Tracer::seizeThreads(int space_handle) {
  Seizure seizure;
  const Space* its_space = space(space_handle);
  if (its_space == nullptr) return seizure;
  TaskFolder folder(its_space->pid);
  auto own_tid = static_cast<pid_t>(syscall(SYS_gettid));
  for (pid_t tid : folder.list()) {
    if (find(tid) != nullptr) continue;
    int code = seize(tid, space_handle, false);
    if (code == 0) {
      interrupt(tid);
      seizure.seized.push_back(tid);
      continue;
    }
    // Already ours: the kernel attached it together with its parent, whose event is on its way.
    if (code != ESRCH && folder.tracerOf(tid) == own_tid) continue;
    if (code == ESRCH || isEnding(folder, tid)) {
      seizure.ended.push_back(tid);
      continue;
    }
    seizure.refusal = {code, "PTRACE_SEIZE", tid};
    break;
  }
  return seizure;
}

std::vector<pid_t> Tracer::threadsOf(int space_handle) const {
  std::vector<pid_t> threads;
  for (const auto& [tid, tracee] : tracees_)
    if (tracee->space == space_handle) threads.push_back(tid);
  return threads;
}

bool Tracer::knowsEveryThread(int space_handle) {
  const Space* its_space = space(space_handle);
  return its_space != nullptr && TaskFolder(its_space->pid).count() == threadsOf(space_handle).size();
}

std::vector<pid_t> Tracer::awaitingSignal(int space_handle) {
  std::vector<pid_t> threads = threadsOf(space_handle);
  // What was sent to the process may be for any of its threads.
  bool is_alone = threads.size() == 1;
  std::erase_if(threads, [&](pid_t tid) {
    return find(tid)->state != RunState::kStopped || !ptrace_ops::awaitsSignal(tid, is_alone);
  });
  return threads;
}

}  // namespace outstep
