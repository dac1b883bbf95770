/**
 * Threads and processes that traced threads make and that nobody asked about. A thread is let run at once and
 * handed up when something else is, or when the wait is over; one that has ended before is never heard of. A
 * copy of the memory is let go without our traps.
 */
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

/** <linux/kcmp.h> KCMP_VM. */
constexpr int kSameMemory = 1;

bool isThreadOf(pid_t process, pid_t tid) {
  return syscall(SYS_tgkill, process, tid, 0) == 0;
}

bool runsInMemoryOf(pid_t process, pid_t child) {
  return syscall(SYS_kcmp, process, child, kSameMemory, 0, 0) == 0;
}

/** Takes the trap of a site out of a stopped thread's memory. False: it is in two words, or cannot be
 * reached. */
bool restoreWord(pid_t tid, const Arch& arch, uint64_t address, const Plan& plan) {
  const auto& trap = arch.breakpoint_bytes;
  uint64_t start = address & ~(sizeof(uint64_t) - 1);
  size_t offset = address - start;
  uint64_t word = 0;
  if (offset + trap.size() > sizeof word || ptrace_ops::peekData(tid, start, &word) != 0) return false;
  std::array<uint8_t, sizeof word> bytes;
  memcpy(bytes.data(), &word, sizeof word);
  if (!std::equal(trap.begin(), trap.end(), bytes.begin() + offset)) return true;
  std::copy_n(plan.original.begin(), trap.size(), bytes.begin() + offset);
  memcpy(&word, bytes.data(), sizeof word);
  return ptrace_ops::pokeData(tid, start, word) == 0;
}

/** Of one that was just made: it executes nothing before. Nothing: it was killed. */
std::optional<int> awaitFirstStop(pid_t child) {
  int status = 0;
  pid_t got;
  while ((got = waitpid(child, &status, __WALL)) < 0 && errno == EINTR) {
  }
  return got == child && WIFSTOPPED(status) ? std::optional<int>(status) : std::nullopt;
}

}  // namespace

bool Tracer::isFirstStop(int status) {
  return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP && status >> 16 == PTRACE_EVENT_STOP;
}

void Tracer::keepEarly(pid_t child) {
  adopt(child, -1);
  setState(*find(child), RunState::kStopped);
  early_.push_back(child);
}

/** The first stop of a child; false: it was handed up already, or is none that may go unheard. */
bool Tracer::claimFirstStop(pid_t child, bool* is_alive) {
  *is_alive = true;
  if (find(child) != nullptr) return std::erase(early_, child) > 0;
  std::optional<int> status = awaitFirstStop(child);
  *is_alive = status.has_value();
  if (!status) return true;
  adopt(child, -1);
  setState(*find(child), RunState::kStopped);
  if (isFirstStop(*status)) return true;
  unclaimed_.push_back({child, *status});
  return false;
}

bool Tracer::takeChild(Tracee& maker, Space& its_space, Event* event) {
  bool is_thread = event->event == PTRACE_EVENT_CLONE && its_space.quiet_children.threads;
  bool is_copy = event->event == PTRACE_EVENT_FORK && its_space.quiet_children.processes;
  if (!is_thread && !is_copy) return false;
  bool has_marks = is_copy && !maker.handler_marks.empty();
  bool is_busy = has_marks || maker.phase != Phase::kPlain || maker.mode == ResumeMode::kRangeRun ||
                 maker.deferred_signal;
  if (is_busy) return false;
  auto child = static_cast<pid_t>(event->message);
  bool is_taken = is_thread ? takeThread(maker, its_space, child) : letCopyGo(its_space, child);
  if (!is_taken) return false;
  maker.restart_site = 0;
  return goOn(maker, 0, event);
}

bool Tracer::takeThread(const Tracee& maker, const Space& its_space, pid_t child) {
  if (!isThreadOf(its_space.pid, child)) return false;
  bool is_alive = true;
  if (!claimFirstStop(child, &is_alive)) return false;
  if (!is_alive) return true;
  Tracee& thread = *find(child);
  thread.space = maker.space;
  thread.is_launched = its_space.dies_with_us;
  thread.is_reported = false;
  // It leaves the slot that its maker is in by itself.
  thread.entered_slot = maker.entered_slot;
  unreported_.push_back(child);
  run(thread, false, 0);
  return true;
}

bool Tracer::letCopyGo(const Space& its_space, pid_t child) {
  if (runsInMemoryOf(its_space.pid, child)) return false;
  bool is_alive = true;
  if (!claimFirstStop(child, &is_alive)) return false;
  if (!is_alive) {
    newborns_.erase(child);
    return true;
  }
  if (!restoreCopy(its_space, child)) {
    early_.push_back(child);
    return false;
  }
  ptrace_ops::detach(child, 0);
  forget(child);
  return true;
}

/** Takes our traps out of a copy of a memory. False: it cannot be written. */
bool Tracer::restoreCopy(const Space& its_space, pid_t child) {
  // Opening the memory takes as long as some words.
  constexpr size_t kMostWords = 4;
  if (its_space.sites.empty()) return true;
  const auto& sites = its_space.sites;
  const auto is_restored = [&](const auto& site) {
    return restoreWord(child, its_space.arch, site.first, site.second);
  };
  if (sites.size() <= kMostWords && std::all_of(sites.begin(), sites.end(), is_restored)) return true;
  Space copy;
  copy.pid = child;
  if (!copy.openMemory()) return false;
  const auto& trap = its_space.arch.breakpoint_bytes;
  std::vector<uint8_t> now(trap.size());
  for (const auto& [address, plan] : sites) {
    bool is_there = copy.read(address, now.data(), now.size()) == now.size() && now == trap;
    if (is_there) copy.write(address, plan.original.data(), plan.original.size());
  }
  return true;
}

void Tracer::reportBirths(std::vector<Event>* events) {
  std::vector<Event> births;
  for (pid_t tid : std::exchange(unreported_, {})) {
    Tracee* tracee = find(tid);
    if (tracee == nullptr || std::exchange(tracee->is_reported, true)) continue;
    Event event;
    event.tid = tid;
    event.kind = Event::Kind::kBorn;
    if (const Space* its_space = spaceOf(*tracee)) event.process = its_space->pid;
    births.push_back(event);
  }
  // Whoever hears of anything else and wants all threads held must know of them.
  const auto is_birth = [](const Event& event) { return event.kind == Event::Kind::kBorn; };
  auto behind_births = std::find_if_not(events->begin(), events->end(), is_birth);
  events->insert(behind_births, births.begin(), births.end());
}

/** Children whose makers have not told of them, or told of them upwards. */
void Tracer::reportEarly(std::vector<Event>* events) {
  for (pid_t child : std::exchange(early_, {})) {
    if (find(child) != nullptr) unclaimed_.push_back({child, kFirstStopStatus});
  }
  for (const Status& one : std::exchange(unclaimed_, {})) take(one.tid, one.status, events);
}

}  // namespace outstep
