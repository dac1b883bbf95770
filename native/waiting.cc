/**
 * Takes the news of threads from the kernel, and keeps everybody's turn.
 */
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

/** What waitpid(2) says of a stop, from what waitid(2) says. */
int stopStatus(int code) {
  return code << 8 | 0x7f;
}

}  // namespace

/** Takes one status of a known thread. False: there is none (or, blocking, the clock ticked). */
bool Tracer::reapKnown(pid_t tid, bool block, std::vector<Status>* taken) {
  int status;
  pid_t got = waitpid(tid, &status, __WALL | (block ? 0 : WNOHANG));
  if (got == tid) {
    taken->push_back({tid, status});
    const Tracee* tracee = find(tid);
    bool may_be_hit =
        status == stopStatus(SIGTRAP) && tracee != nullptr && tracee->mode == ResumeMode::kContinue;
    if (may_be_hit && keepsTraps()) moveBack(tid);
    return true;
  }
  if (got < 0 && errno == ECHILD && find(tid) != nullptr) {
    // It executed a program and goes on under the leader's tid, as whom it must be looked for; or the
    // leader's exec took it away. No exit event comes for it.
    setState(*find(tid), RunState::kStopped);
    has_vanished_ = true;
  }
  return false;
}

void Tracer::scanKnown(std::vector<Status>* taken) {
  std::vector<pid_t> tids;
  for (const auto& entry : tracees_) tids.push_back(entry.first);
  for (pid_t tid : tids) reapKnown(tid, false, taken);
}

/** Reaps a program that was launched and let go. False: it is none. */
bool Tracer::reapReleased(pid_t pid) {
  if (released_.erase(pid) == 0) return false;
  waitpid(pid, nullptr, __WALL | WNOHANG);
  return true;
}

bool Tracer::keepsTraps() const {
  return std::any_of(spaces_.begin(), spaces_.end(), [](const auto& entry) {
    const Space& space = *entry.second;
    return !space.dies_with_us && space.arch.breakpoint_pc_offset != 0 && !space.sites.empty();
  });
}

bool Tracer::isKept(const siginfo_t& info) {
  return info.si_code == CLD_TRAPPED && info.si_status == SIGTRAP && find(info.si_pid) != nullptr;
}

void Tracer::moveBack(pid_t tid) {
  Tracee* tracee = find(tid);
  Space* its_space = tracee == nullptr ? nullptr : spaceOf(*tracee);
  if (its_space == nullptr || its_space->dies_with_us || its_space->arch.breakpoint_pc_offset == 0) return;
  const Arch& arch = its_space->arch;
  tracee->discardGeneral();
  if (!loadGeneral(*tracee, arch) || tracee->runs_other_code) return;
  uint64_t trap = tracee->word(arch.pc_offset) - arch.breakpoint_pc_offset;
  if (its_space->siteAt(trap) == nullptr) return;
  auto offset = static_cast<size_t>(arch.pc_user_offset);
  tracee->is_moved_back = ptrace_ops::pokeUser(tid, offset, trap) == 0;
}

void Tracer::takeKept(Status* kept) {
  kept->is_kept = false;
  moveBack(kept->tid);
  waitpid(kept->tid, nullptr, __WALL | WNOHANG);
}

/** Blocks for one status of the only thread that runs. False: as `reapKnown`. */
bool Tracer::awaitOnly(pid_t tid, std::vector<Status>* taken) {
  const Tracee* tracee = find(tid);
  bool may_hit = tracee != nullptr && tracee->mode == ResumeMode::kContinue && keepsTraps();
  if (!may_hit) return reapKnown(tid, true, taken);
  siginfo_t info = {};
  int options = WEXITED | WSTOPPED | WNOWAIT | __WALL;
  if (waitid(P_PID, static_cast<id_t>(tid), &info, options) != 0 && errno == EINTR) return false;
  if (!isKept(info)) return reapKnown(tid, false, taken);
  taken->push_back({tid, stopStatus(info.si_status), true});
  return true;
}

/** Takes one stop of any thread, for less than `drain` does; ends are not looked at. False: there is none. */
bool Tracer::drainStop(std::vector<Status>* taken) {
  siginfo_t info = {};
  int options = WSTOPPED | WNOHANG | __WALL | __WNOTHREAD;
  bool keeps = keepsTraps();
  if (waitid(P_ALL, 0, &info, options | (keeps ? WNOWAIT : 0)) != 0 || info.si_pid == 0) return false;
  if (keeps && isKept(info)) {
    taken->push_back({info.si_pid, stopStatus(info.si_status), true});
    return true;
  }
  if (keeps && waitid(P_PID, static_cast<id_t>(info.si_pid), &info, options) != 0) return true;
  // A child of ours that nobody traces may be in a job-control stop: it is not asked about again.
  if (info.si_code == CLD_TRAPPED) taken->push_back({info.si_pid, stopStatus(info.si_status)});
  return true;
}

/** Takes one status of any thread. Children of this process that are not ours are left for who waits for
 * them. */
bool Tracer::drain(bool block, std::vector<Status>* taken) {
  siginfo_t info = {};
  // Traced threads report their stops without WSTOPPED; with it, a stopped child that is not ours would stay
  // first.
  int options = WEXITED | WNOWAIT | __WALL | __WNOTHREAD | (block ? 0 : WNOHANG);
  if (waitid(P_ALL, 0, &info, options) != 0 || info.si_pid == 0) return false;
  bool is_exit = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
  if (is_exit && find(info.si_pid) == nullptr) {
    if (reapReleased(info.si_pid)) return true;
    size_t before = taken->size();
    std::erase_if(released_, [](pid_t pid) { return waitpid(pid, nullptr, __WALL | WNOHANG) != 0; });
    scanKnown(taken);
    return taken->size() > before;
  }
  if (!isKept(info) || !keepsTraps()) return reapKnown(info.si_pid, false, taken);
  taken->push_back({info.si_pid, stopStatus(info.si_status), true});
  return true;
}

bool Tracer::isAwaited(pid_t tid) {
  const Tracee* tracee = find(tid);
  return tracee != nullptr && tracee->is_interrupted && tracee->state == RunState::kRunning;
}

/**
 * Waits for the one of many threads that was interrupted last: when that has stopped most have, and they are
 * had for one wake-up. False: there are not many, or those that are left take their time.
 */
bool Tracer::awaitInterrupted(std::vector<Status>* taken) {
  while (interrupted_.size() > 1 && !isAwaited(interrupted_.back())) interrupted_.pop_back();
  if (!are_stopping_ || interrupted_.size() < 2) return false;
  if (!reapKnown(interrupted_.back(), true, taken)) takeInterrupted(taken);
  are_stopping_ = !taken->empty();
  return are_stopping_;
}

/** Threads that were interrupted stop about in that order, and asking for one is cheaper than asking which.
 */
void Tracer::takeInterrupted(std::vector<Status>* taken) {
  constexpr size_t kMostMisses = 16;
  std::deque<pid_t> missed;
  while (!interrupted_.empty() && missed.size() < kMostMisses) {
    pid_t tid = interrupted_.front();
    interrupted_.pop_front();
    if (isAwaited(tid) && !reapKnown(tid, false, taken)) missed.push_back(tid);
  }
  interrupted_.insert(interrupted_.begin(), missed.begin(), missed.end());
}

/** Everybody's turn: the kernel names the thread that is first in its list, so one that stops again and again
 * would keep the others waiting if it were let go before they have been asked for. */
void Tracer::takeRound(std::vector<Event>* events) {
  std::vector<Status> taken;
  takeInterrupted(&taken);
  while (drain(false, &taken)) {
    do {
      if (!taken.empty() && taken.back().is_kept) takeKept(&taken.back());
    } while (drainStop(&taken));
  }
  std::erase_if(taken, [this](const Status& one) {
    bool is_early = find(one.tid) == nullptr && isFirstStop(one.status);
    if (is_early) keepEarly(one.tid);
    return is_early;
  });
  for (const Status& one : taken) take(one.tid, one.status, events);
}

pid_t Tracer::anyRunningTid() const {
  const auto isRunning = [](const auto& entry) { return entry.second->state == RunState::kRunning; };
  auto found = std::find_if(tracees_.begin(), tracees_.end(), isRunning);
  return found == tracees_.end() ? 0 : found->first;
}

void Tracer::takeStop(const Status& one, std::vector<Event>* events) {
  if (one.is_kept) find(one.tid)->was_resumed = false;
  take(one.tid, one.status, events);
  Tracee* tracee = one.is_kept ? find(one.tid) : nullptr;
  if (tracee == nullptr || tracee->was_resumed) return;
  Space* its_space = spaceOf(*tracee);
  if (its_space != nullptr && tracee->state == RunState::kStopped) storeGeneral(*tracee, its_space->arch);
  waitpid(one.tid, nullptr, __WALL | WNOHANG);
}

/** The next stop of any thread; `is_busy`: there may be one already. False: the clock ticked. */
bool Tracer::takeNext(bool is_busy, std::vector<Event>* events) {
  std::vector<Status> taken;
  if (running_ == 1) {
    const Tracee* last = find(last_run_);
    bool is_it = last != nullptr && last->state == RunState::kRunning;
    awaitOnly(is_it ? last_run_ : anyRunningTid(), &taken);
  } else if (!awaitInterrupted(&taken) && (!is_busy || !drainStop(&taken))) {
    drain(true, &taken);
  }
  for (const Status& one : taken) {
    if (find(one.tid) == nullptr && isFirstStop(one.status)) {
      keepEarly(one.tid);
    } else {
      takeStop(one, events);
    }
  }
  return !taken.empty();
}

/** Whether the event loop has something else to do: a client may have sent an interrupt. */
bool Tracer::doOthersWait() const {
  pollfd loop = {event_loop_, POLLIN, 0};
  return poll(&loop, 1, 0) > 0;
}

void Tracer::storeHeld() {
  for (pid_t tid : std::exchange(changed_, {})) {
    Tracee* tracee = find(tid);
    if (tracee == nullptr) continue;
    tracee->is_in_changed = false;
    Space* its_space = spaceOf(*tracee);
    if (tracee->state == RunState::kStopped && its_space != nullptr) storeGeneral(*tracee, its_space->arch);
  }
}

void Tracer::wait(int64_t timeout_us, bool look_at_stopped, std::vector<Event>* events) {
  constexpr int kStopsPerRound = 16;
  // So that what comes all the time, as SIGCHLD of children that end, leaves most of the time for stops.
  constexpr int64_t kUndisturbedUs = 500;
  if (timeout_us > 0) stop_signals_.set(false);
  catchUp();
  std::move(caught_up_.begin(), caught_up_.end(), std::back_inserter(*events));
  caught_up_.clear();
  takePrinted(events);
  // What is told now may have been logged before.
  if (events->empty()) releaseLogged(events);
  int64_t start = WaitClock::nowMicroseconds();
  bool can_block = timeout_us > 0 && WaitClock::begin() == 0;
  int stops = 0;
  while (events->empty() && !isLogDue() && can_block && anyRunning()) {
    bool is_round = takeNext(stops > 0, events) && ++stops % kStopsPerRound == 0;
    if (is_round && tracees_.size() > 1) takeRound(events);
    int64_t waited_us = WaitClock::nowMicroseconds() - start;
    if (waited_us >= timeout_us || (is_round && waited_us >= kUndisturbedUs && doOthersWait())) break;
  }
  WaitClock::end();
  reportBirths(events);
  reportCalls(events);
  look_at_stopped = std::exchange(has_vanished_, false) || look_at_stopped;
  // It will be waited again at once: no signal need tell of what comes meanwhile.
  passes_stops_ = events->empty() && stops > 0 && anyRunning();
  // Nothing has come: what is stopped now will be so for a while.
  if (events->empty() && timeout_us > 0 && !passes_stops_) storeHeld();
  // With every thread held nothing can come but what an end leaves behind: no signals then, each step would
  // pay for switching them on and off.
  bool is_waiting = anyRunning() || look_at_stopped || tracees_.empty() || has_ended_;
  if (events->empty() && is_waiting && !passes_stops_) {
    has_ended_ = false;
    stop_signals_.set(true);
  }
  if (anyRunning() || look_at_stopped) takeRound(events);
  reportEarly(events);
  reportBirths(events);
  reportCalls(events);
}

}  // namespace outstep
