/**
 * A core dump has the registers of every thread of the process, and only the one whose signal it is has
 * stopped before: the others are taken out of their slots first, those above all that are blocked in a system
 * call there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include <charconv>
#include <string_view>

#include "decimal.h"
#include "out_of_line.h"
#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

/** signal(7): those whose default action is Core. */
bool dumpsCore(int signal) {
  for (int one : {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ}) {
    if (one == signal) return true;
  }
  return false;
}

/** Whether a process survives a signal: it handles or ignores it (SigCgt, SigIgn of proc(5)), or is the first
 * of its pid namespace. */
bool survives(pid_t pid, int signal) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE* status = fopen(path, "re");
  if (status == nullptr) return true;
  uint64_t kept = 0;
  bool is_first = false;
  char text[256];
  while (fgets(text, sizeof text, status) != nullptr) {
    std::string_view line = text;
    std::string_view value = line.substr(line.rfind('\t') + 1);
    if (line.starts_with("SigIgn:") || line.starts_with("SigCgt:")) {
      uint64_t mask = 0;
      std::from_chars(value.data(), value.data() + value.size(), mask, 16);
      kept |= mask;
    }
    if (line.starts_with("NSpid:")) is_first = decimal(value) == 1;
  }
  fclose(status);
  return is_first || (kept >> (signal - 1) & 1) != 0;
}

/** Waits a little for a thread to stop, and leaves its status to be taken. */
bool awaitStop(pid_t tid) {
  constexpr int kMostTries = 500;
  constexpr timespec kPause = {0, 200'000};
  for (int tries = 0; tries < kMostTries; ++tries) {
    siginfo_t info = {};
    int options = WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL;
    if (waitid(P_PID, static_cast<id_t>(tid), &info, options) != 0) return false;
    if (info.si_pid != 0) return info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED;
    nanosleep(&kPause, nullptr);
  }
  return false;
}

}  // namespace

bool Tracer::endsProcess(const Space& its_space, int signal) {
  return dumpsCore(signal) && !survives(its_space.pid, signal);
}

void Tracer::leaveSlot(Tracee& tracee) {
  Space* its_space = spaceOf(tracee);
  if (its_space == nullptr || ptrace_ops::interrupt(tracee.tid) != 0 || !awaitStop(tracee.tid)) return;
  tracee.is_general_valid = false;
  if (!loadGeneral(tracee, its_space->arch)) return;
  if (out_of_line::translate(tracee, *its_space)) storeGeneral(tracee, its_space->arch);
  tracee.is_general_valid = false;
  // Let run again it would go back.
  tracee.awaits_end = true;
}

void Tracer::emptySlots(const Tracee& dying, int signal) {
  const Space* its_space = spaceOf(dying);
  if (its_space == nullptr || !dumpsCore(signal)) return;
  std::vector<Tracee*> inside;
  for (const auto& [tid, tracee] : tracees_) {
    const Space* other = spaceOf(*tracee);
    bool is_of_process = other != nullptr && other->pid == its_space->pid;
    if (is_of_process && tracee->state == RunState::kRunning && tracee->entered_slot != 0)
      inside.push_back(tracee.get());
  }
  if (inside.empty() || survives(its_space->pid, signal)) return;
  for (Tracee* tracee : inside) leaveSlot(*tracee);
}

}  // namespace outstep
