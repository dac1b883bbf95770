#include "tracer.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "interrupted_sites.h"
#include "listener.h"
#include "out_of_line.h"
#include "ptrace_ops.h"
#include "spawn.h"
#include "system_call.h"

namespace outstep {

thread_local std::unordered_set<pid_t> Tracer::released_;

Tracee* Tracer::find(pid_t tid) {
  auto found = tracees_.find(tid);
  return found == tracees_.end() ? nullptr : found->second.get();
}

Space* Tracer::space(int handle) {
  auto found = spaces_.find(handle);
  return found == spaces_.end() ? nullptr : found->second.get();
}

int Tracer::addSpace(pid_t pid, Arch arch) {
  auto created = std::make_unique<Space>();
  created->pid = pid;
  created->arch = std::move(arch);
  created->dies_with_us = launched_.contains(pid);
  if (!created->openMemory()) return -1;
  spaces_[next_space_] = std::move(created);
  return next_space_++;
}

int Tracer::copySpace(const Space& original, pid_t pid) {
  auto created = std::make_unique<Space>();
  static_cast<SpaceTables&>(*created) = original;
  created->pid = pid;
  created->is_watched = false;
  created->quiet_children = {};
  // Whoever has the child says so again; until then its maker's process is asked about it.
  created->logged_calls = {};
  created->hardware_programs.clear();
  if (!created->openMemory()) return -1;
  spaces_[next_space_] = std::move(created);
  return next_space_++;
}

int Tracer::resetSpace(Space& its_space, int handle, pid_t pid, Arch arch) {
  if (sentinel_) sentinel_->forgetSpace(handle);
  its_space.arch = std::move(arch);
  its_space.sites.clear();
  its_space.removed_sites.clear();
  its_space.slots.clear();
  its_space.programs.clear();
  its_space.hardware_programs.clear();
  its_space.watched_values.clear();
  its_space.hardware_ranges.clear();
  its_space.is_watched = false;
  its_space.pid = pid;
  // Read as the former machine's.
  for (auto& [tid, tracee] : tracees_) {
    if (tracee->space == handle) tracee->discardGeneral();
  }
  return its_space.openMemory() ? 0 : errno;
}

void Tracer::removeSpace(int handle) {
  if (sentinel_) sentinel_->forgetSpace(handle);
  spaces_.erase(handle);
}

Failure Tracer::guard(int handle, const Space& its_space, uint64_t address, const uint8_t* original) {
  if (its_space.dies_with_us) return {};
  if (!sentinel_) sentinel_.emplace(sentinel_program_);
  return sentinel_->guard(handle, its_space, address, original, its_space.arch.breakpoint_bytes);
}

Failure Tracer::answerCalls(pid_t pid, int descriptor) {
  ScopedFd copy = listener::copyOf(pid, descriptor);
  if (!copy.isOpen()) return {errno, "pidfd_getfd", pid};
  if (!sentinel_) sentinel_.emplace(sentinel_program_);
  int code = sentinel_->answer(copy.get());
  return code == 0 ? Failure{} : Failure{code, "sentinel", pid};
}

std::optional<uint64_t> Tracer::callSystem(Tracee& tracee, const SystemCall& call) {
  const Space& its_space = *spaceOf(tracee);
  if (!its_space.dies_with_us && !sentinel_) sentinel_.emplace(sentinel_program_);
  return outstep::callSystem(tracee, its_space, call, its_space.dies_with_us ? nullptr : &*sentinel_);
}

Failure Tracer::guardThreads(int handle, const Space& its_space) {
  if (its_space.dies_with_us) return {};
  if (!sentinel_) sentinel_.emplace(sentinel_program_);
  return sentinel_->guardThreads(handle, its_space);
}

void Tracer::unguard(int handle, uint64_t address) {
  if (sentinel_) sentinel_->unguard(handle, address);
}

bool Tracer::isSlotInUse(uint64_t address) const {
  const auto is_inside = [&](const auto& entry) {
    return entry.second->state == RunState::kRunning && entry.second->entered_slot == address;
  };
  const auto is_born_inside = [&](const auto& entry) { return entry.second.slot == address; };
  return std::any_of(tracees_.begin(), tracees_.end(), is_inside) ||
         std::any_of(newborns_.begin(), newborns_.end(), is_born_inside);
}

void Tracer::setState(Tracee& tracee, RunState state) {
  if (tracee.state == state) return;
  tracee.state = state;
  running_ += state == RunState::kRunning ? 1 : -1;
  if (state == RunState::kRunning) last_run_ = tracee.tid;
}

pid_t Tracer::spawn(const SpawnOptions& options, Failure* failure) {
  pid_t pid = spawnTraced(options, failure);
  if (pid < 0) return -1;
  launched_.insert(pid);
  adopt(pid, -1);
  find(pid)->is_launched = true;
  return pid;
}

int Tracer::seize(pid_t tid, int space_handle, bool exit_kill) {
  int code = ptrace_ops::seize(tid, ptrace_ops::kOptions | (exit_kill ? PTRACE_O_EXITKILL : 0));
  if (code == 0) adopt(tid, space_handle);
  return code;
}

void Tracer::adopt(pid_t tid, int space_handle) {
  Tracee* known = find(tid);
  Space* its_space = space(space_handle);
  bool is_launched = its_space != nullptr && its_space->dies_with_us;
  if (known != nullptr) {
    known->space = space_handle;
    known->is_in_exec = false;
    known->is_launched = known->is_launched || is_launched;
    if (its_space == nullptr || known->state != RunState::kStopped) return;
    if (loadGeneral(*known, its_space->arch)) out_of_line::translate(*known, *its_space);
    return;
  }
  auto created = std::make_unique<Tracee>();
  created->tid = tid;
  created->space = space_handle;
  created->is_launched = is_launched;
  created->changed = &changed_;
  auto newborn = newborns_.find(tid);
  if (newborn != newborns_.end()) created->handler_marks = newborn->second.handler_marks;
  tracees_[tid] = std::move(created);
  running_ += 1;
}

int Tracer::interrupt(pid_t tid) {
  // Its stop will be waited for: thousands of signals would be handled one by one.
  stop_signals_.set(false);
  if (Tracee* tracee = find(tid)) {
    tracee->is_interrupted = true;
    interrupted_.push_back(tid);
    are_stopping_ = true;
  }
  return ptrace_ops::interrupt(tid);
}

namespace {

/** What a launched program makes with CLONE_PARENT, clone(2), is a child of this process. */
bool isOwnChild(pid_t tid) {
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(tid), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

}  // namespace

int Tracer::detach(Tracee& tracee, int signal) {
  Space* its_space = spaceOf(tracee);
  if (its_space != nullptr) {
    interrupted_sites::unmark(tracee, *its_space);
    storeGeneral(tracee, its_space->arch);
  }
  int code = ptrace_ops::detach(tracee.tid, signal);
  if (code == 0) {
    setState(tracee, RunState::kStopped);  // no longer one of those that wait() waits for
    if (launched_.erase(tracee.tid) > 0 || (tracee.is_launched && isOwnChild(tracee.tid)))
      released_.insert(tracee.tid);
    tracees_.erase(tracee.tid);
  }
  return code;
}

void Tracer::park(pid_t tid) {
  Tracee* tracee = find(tid);
  if (tracee != nullptr) setState(*tracee, RunState::kStopped);
}

void Tracer::forget(pid_t tid) {
  newborns_.erase(tid);
  park(tid);
  tracees_.erase(tid);
}

int Tracer::kill(pid_t pid) {
  if (::kill(pid, SIGKILL) != 0) return errno;
  expectExits(pid);
  return 0;
}

void Tracer::expectExits(pid_t pid) {
  for (auto& entry : tracees_) {
    Space* its_space = spaceOf(*entry.second);
    if (entry.first == pid || (its_space != nullptr && its_space->pid == pid))
      setState(*entry.second, RunState::kRunning);
  }
}

void Tracer::expectExit(Tracee& tracee) {
  tracee.discardGeneral();
  setState(tracee, RunState::kRunning);
}

uint64_t Tracer::threadPointer(pid_t tid) {
  Tracee* tracee = find(tid);
  const Space* its_space = tracee == nullptr ? nullptr : spaceOf(*tracee);
  uint64_t pointer = 0;
  bool is_there = its_space != nullptr && tracee->state == RunState::kStopped &&
                  loadThreadPointer(*tracee, its_space->arch, &pointer);
  return is_there ? pointer : 0;
}

void Tracer::catchUp() {
  if (ahead_) std::move(ahead_->events.begin(), ahead_->events.end(), std::back_inserter(caught_up_));
  ahead_.reset();
}

/** A launched program is a child of this process: nobody else would reap it. */
void Tracer::reapLaunched() {
  constexpr int64_t kLongestUs = 1'000'000;
  constexpr int64_t kWaitUs = 4'000;
  const auto isLaunched = [](const auto& entry) { return entry.second->is_launched; };
  for (auto& [tid, tracee] : tracees_) {
    if (!tracee->is_launched) continue;
    ::kill(tid, SIGKILL);
    expectExit(*tracee);
  }
  int64_t deadline = WaitClock::nowMicroseconds() + kLongestUs;
  std::vector<Event> events;
  while (std::any_of(tracees_.begin(), tracees_.end(), isLaunched)) {
    if (WaitClock::nowMicroseconds() >= deadline) return;
    events.clear();
    wait(kWaitUs, true, &events);
    // Whatever thread showed itself meanwhile is killed with its process.
    for (const Event& event : events) {
      const Tracee* tracee = find(event.tid);
      if (tracee != nullptr && tracee->is_launched) ::kill(event.tid, SIGKILL);
    }
  }
}

void Tracer::dispose() {
  reapLaunched();
  std::erase_if(released_, [](pid_t pid) { return waitpid(pid, nullptr, __WALL | WNOHANG) != 0; });
  tracees_.clear();
  newborns_.clear();
  spaces_.clear();
  launched_.clear();
  running_ = 0;
  stop_signals_.set(false);
  sentinel_.reset();
}

}  // namespace outstep
