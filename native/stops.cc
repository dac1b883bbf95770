/**
 * Reads the stops of threads and decides those that nobody above needs to hear of.
 */
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "interrupted_sites.h"
#include "out_of_line.h"
#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

/** siginfo si_code values of SIGTRAP, <asm-generic/siginfo.h>. */
constexpr int kTrapTrace = 2;         // TRAP_TRACE
constexpr int kTrapHardware = 4;      // TRAP_HWBKPT
constexpr int kTrapHandlerEntry = 5;  // SIGTRAP: a step that entered a signal handler

bool hasMessage(int event) {
  return event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
         event == PTRACE_EVENT_VFORK_DONE || event == PTRACE_EVENT_EXEC || event == PTRACE_EVENT_EXIT ||
         event == PTRACE_EVENT_SECCOMP;
}

/** The code that a step over a system call ends with may be that of a signal which somebody has sent. */
bool isStepEndCode(const Arch& arch, const Event& event) {
  int code = event.signal_code;
  if (code == arch.call_step_trap_code) return code > 0 || event.sender == 0;
  return code == kTrapTrace || code == kTrapHardware || code == kTrapHandlerEntry;
}

/** Such a step is over, whatever is at the pc: a block step, too. */
bool endsEveryStep(const Arch& arch, const Event& event) {
  return event.signal_code == kTrapHandlerEntry || event.signal_code == arch.call_step_trap_code;
}

/** One more step inside the range. True: those that were granted have been used up. */
bool countsOut(Tracee& tracee) {
  bool is_limited = tracee.mode == ResumeMode::kRangeStep && tracee.range.steps_left > 0;
  return is_limited && --tracee.range.steps_left == 0;
}

bool carriesInstructionAddress(int signal) {
  return signal == SIGILL || signal == SIGFPE || signal == SIGTRAP || signal == SIGSYS;
}

/** What the signal says of where it was raised is as it would be at the instruction's own place. */
void translateInfo(const Tracee& tracee, uint64_t stopped_at, const Event& event, siginfo_t* info) {
  auto address = reinterpret_cast<uint64_t>(info->si_addr);
  bool is_the_pc = info->si_code > 0 && carriesInstructionAddress(event.code) && address == stopped_at;
  if (!is_the_pc || event.pc == stopped_at) return;
  info->si_addr = reinterpret_cast<void*>(event.pc);
  ptrace_ops::setSiginfo(tracee.tid, info);
}

/** Out of a slot the pc is that of the instruction at its own place, for us and for whoever hears of the
 * stop. */
void translatePc(Tracee& tracee, const Space& its_space, Event* event) {
  if (out_of_line::translate(tracee, its_space)) tracee.was_in_slot = true;
  event->pc = tracee.word(its_space.arch.pc_offset);
}

/** Where it stopped makes no difference, and nobody may ever ask. */
bool isPlainEventStop(const Tracee& tracee, const Space& its_space, const Event& event) {
  return event.event == PTRACE_EVENT_STOP && its_space.slots.empty() && tracee.phase == Phase::kPlain &&
         tracee.mode != ResumeMode::kRangeRun && tracee.restart_site == 0 && !tracee.deferred_signal;
}

}  // namespace

bool Tracer::isRemovedSite(const Space& its_space, uint64_t address) const {
  const auto& trap = its_space.arch.breakpoint_bytes;
  uint64_t pc_offset = its_space.arch.breakpoint_pc_offset;
  for (const CodePattern& lookalike : its_space.arch.breakpoint_lookalikes) {
    std::vector<uint8_t> text(lookalike.bytes.size());
    uint64_t start = pc_offset == 0 ? address : address + pc_offset - text.size();
    bool is_read = its_space.read(start, text.data(), text.size()) == text.size();
    if (is_read && lookalike.matches(text.data())) return false;
  }
  std::vector<uint8_t> now(trap.size());
  return its_space.read(address, now.data(), now.size()) == now.size() && now != trap;
}

bool Tracer::readDebugStatus(Tracee& tracee, const Space& its_space, Event* event) {
  if (its_space.arch.debug_status_offset < 0) {
    if (event->signal_code == kTrapHardware)
      event->debug_status =
          its_space.hardwareHits(event->trap_address, tracee.word(its_space.arch.pc_offset));
    return event->debug_status != 0;
  }
  auto offset = static_cast<size_t>(its_space.arch.debug_status_offset);
  uint64_t status = 0;
  if (ptrace_ops::peekUser(tracee.tid, offset, &status) != 0) return false;
  status &= its_space.arch.debug_status_mask;
  if (status == 0) return false;
  ptrace_ops::pokeUser(tracee.tid, offset, 0);
  event->debug_status = status;
  return true;
}

/** Resumes in the mode that was asked for. False when that needs someone above: the event then says why. */
bool Tracer::goOn(Tracee& tracee, int signal, Event* event) {
  switch (resume(tracee, tracee.mode, signal)) {
    case ResumeResult::kRunning:
    case ResumeResult::kGone:
      return true;
    case ResumeResult::kRefused:
      event->refused = true;
      return false;
    case ResumeResult::kSequence:
      event->in_sequence = true;
      return false;
    case ResumeResult::kStretch:
      event->in_long_range = true;
      return false;
    case ResumeResult::kDone:
      event->stepped = true;
      event->at_site = tracee.hit_site != 0;
      return false;
  }
  return false;
}

/** The trap of a breakpoint instruction. Returns nothing when it is not one of a site, present or removed. */
std::optional<bool> Tracer::onSiteTrap(Tracee& tracee, Space& its_space, Event* event) {
  const Arch& arch = its_space.arch;
  const auto& codes = arch.breakpoint_trap_codes;
  // What was executed in a slot or in place is the displaced instruction, never the trap of a site.
  bool is_displaced = tracee.phase == Phase::kSlotStep || tracee.phase == Phase::kInPlace;
  if (is_displaced || tracee.was_in_slot) return std::nullopt;
  if (std::find(codes.begin(), codes.end(), event->signal_code) == codes.end()) return std::nullopt;
  uint64_t trap = tracee.word(arch.pc_offset) - arch.breakpoint_pc_offset;
  bool is_site = its_space.siteAt(trap) != nullptr;
  if (!is_site && (event->signal_code != arch.breakpoint_trap_code || !isRemovedSite(its_space, trap)))
    return std::nullopt;
  tracee.setPc(arch, trap);
  event->pc = trap;
  bool is_counted = (tracee.phase == Phase::kSignalStep && tracee.phase_address == trap) ||
                    std::exchange(tracee.restart_site, 0) == trap || tracee.returned_to == trap;
  tracee.phase = Phase::kPlain;
  tracee.hit_site = is_site ? trap : 0;
  if (hasLeftRange(tracee, trap)) {
    if (is_site) isSiteHit(tracee, its_space, trap);
    event->stepped = true;
    event->at_site = is_site;
    return true;
  }
  if (!is_site || is_counted || !isSiteHit(tracee, its_space, trap)) return !goOn(tracee, 0, event);
  event->at_site = true;
  return true;
}

bool Tracer::onTrap(Tracee& tracee, Space& its_space, Event* event) {
  if (auto must_tell = onSiteTrap(tracee, its_space, event)) return *must_tell;
  tracee.restart_site = 0;
  Phase ended = tracee.phase;
  bool was_in_exec = std::exchange(tracee.is_in_exec, false);
  bool was_unwatched = std::exchange(tracee.was_unwatched, false);
  bool was_stepped = tracee.mode != ResumeMode::kContinue || ended != Phase::kPlain || was_unwatched;
  const Arch& arch = its_space.arch;
  if (!isStepEndCode(arch, *event)) return true;
  if (was_in_exec && was_stepped && event->signal_code == arch.call_step_trap_code)
    return !run(tracee, true, 0);
  if (ended == Phase::kSlotStep) out_of_line::repairAfterStep(tracee, its_space);
  if (ended == Phase::kSignalStep && event->signal_code == kTrapHandlerEntry) {
    out_of_line::translateFrame(tracee, its_space);
    interrupted_sites::mark(tracee, its_space, tracee.phase_address);
  }
  tracee.phase = Phase::kPlain;
  translatePc(tracee, its_space, event);
  bool may_be_hit = event->signal_code == kTrapHardware || its_space.is_watched;
  if (may_be_hit && readDebugStatus(tracee, its_space, event)) {
    if (arch.traps_before_access) noteAccess(tracee, its_space, *event, was_unwatched);
    event->debug_status &= ~its_space.unchangedWrites(event->debug_status);
    bool is_write_only = event->debug_status == 0;
    if (!is_write_only && !isSilentHardwareHit(tracee, its_space, *event)) return true;
    if (arch.traps_before_access) return !goOn(tracee, 0, event);
    // Before a breakpoint nothing was executed; what wrote has been. Each goes on as it was told to.
    if (!is_write_only || !was_stepped) return !run(tracee, mustStep(tracee, 0), 0);
  }
  if (!was_stepped) {
    // Only the flag that a handler returned with has brought it here.
    bool is_ours = tracee.returned_to && event->signal_code == kTrapTrace;
    return !is_ours || !goOn(tracee, 0, event);
  }
  if (endsEveryStep(arch, *event)) tracee.range.at = Range::kNowhere;
  // Whatever is at the new pc has not been reached before: a site there must trap.
  if (!isStepEnd(tracee, its_space)) {
    int signal = takeDeferred(tracee);
    // A repeated string instruction at a site is not done yet.
    if (tracee.hit_site != 0) return !goOn(tracee, signal, event);
    event->in_long_range = signal == 0 && (countsOut(tracee) || isOutOfStretch(tracee));
    if (event->in_long_range) return true;
    bool step = mustStep(tracee, signal);
    event->in_sequence = step && signal == 0 && entersSequence(tracee);
    return event->in_sequence || !run(tracee, step, signal);
  }
  event->stepped = true;
  event->at_site = tracee.hit_site != 0;
  return true;
}

bool Tracer::onOtherSignal(Tracee& tracee, Space& its_space, const siginfo_t& info, Event* event) {
  auto fault = reinterpret_cast<uint64_t>(info.si_addr);
  // Where nothing may be executed, the fault of fetching the instruction is all there is of a site's trap.
  bool is_at_site = event->code == SIGSEGV && event->signal_code > 0 && fault == event->pc &&
                    its_space.siteAt(fault) != nullptr;
  bool passes = !is_at_site && tracee.mode == ResumeMode::kContinue && its_space.passes(event->code);
  return !passes || onPassedSignal(tracee, its_space, info, event);
}

/** Stopped for another reason before the step past a site was done: it still has to be passed, and is not hit
 * again. */
void Tracer::endPhase(Tracee& tracee, uint64_t pc) {
  bool is_unpassed = tracee.phase == Phase::kSignalStep || tracee.phase == Phase::kInPlace;
  if (is_unpassed && pc == tracee.phase_address) tracee.hit_site = pc;
  tracee.phase = Phase::kPlain;
}

/**
 * The kernel tells of an interrupt before a trap that the thread ran into just before. Nobody would expect
 * that trap later, after a detach least of all: the thread goes on to it at once.
 */
bool Tracer::collectsTrap(Tracee& tracee, const Space& its_space) {
  bool may_trap = its_space.is_armed || tracee.mode != ResumeMode::kContinue;
  if (!may_trap || !ptrace_ops::hasPendingTrap(tracee.tid) || !run(tracee, false, 0)) return false;
  tracee.owes_stop = true;
  return true;
}

/** Stopped before the system call at a site was made again, or just when it is about to be: its hit was told.
 */
void Tracer::noteRestart(Tracee& tracee, const Space& its_space) {
  if (tracee.restart_site == 0 || out_of_line::isRestarting(tracee, its_space.arch)) return;
  uint64_t site = std::exchange(tracee.restart_site, 0);
  if (tracee.word(its_space.arch.pc_offset) == site) tracee.hit_site = site;
}

void Tracer::noteBirth(const Tracee& tracee, const Event& event) {
  bool is_copy = event.event == PTRACE_EVENT_FORK;
  bool is_birth = is_copy || event.event == PTRACE_EVENT_CLONE || event.event == PTRACE_EVENT_VFORK;
  bool has_marks = is_copy && !tracee.handler_marks.empty();
  if (!is_birth || (tracee.entered_slot == 0 && !has_marks)) return;
  Newborn newborn;
  newborn.slot = tracee.entered_slot;
  if (has_marks) newborn.handler_marks = tracee.handler_marks;
  newborns_[static_cast<pid_t>(event.message)] = std::move(newborn);
}

bool Tracer::onStop(Tracee& tracee, Event* event) {
  if (event->event != 0) tracee.is_in_exec = event->event == PTRACE_EVENT_EXEC;
  if (tracee.is_in_exec) tracee.debug_sets.clear();
  if (event->event != PTRACE_EVENT_SECCOMP) noteCall(tracee, *event);
  if (event->event != 0 && hasMessage(event->event)) {
    ptrace_ops::getEventMessage(tracee.tid, &event->message);
  }
  // Whichever thread it was that has executed a program, it goes on under this id.
  const Tracee* former =
      event->event == PTRACE_EVENT_EXEC ? find(static_cast<pid_t>(event->message)) : nullptr;
  if (former != nullptr) {
    tracee.call_number = former->call_number;
    tracee.is_call_logged = former->is_call_logged;
    tracee.call_arguments = former->call_arguments;
  }
  noteBirth(tracee, *event);
  Space* its_space = spaceOf(tracee);
  if (its_space == nullptr) return true;
  if (event->event != 0 && takeChild(tracee, *its_space, event)) return false;
  bool is_interrupt = event->event == PTRACE_EVENT_STOP && event->code == SIGTRAP;
  if (isPlainEventStop(tracee, *its_space, *event)) return !is_interrupt || !collectsTrap(tracee, *its_space);
  if (!loadGeneral(tracee, its_space->arch)) {
    setState(tracee, RunState::kRunning);  // killed out of the stop: its exit follows
    return false;
  }
  if (event->event == PTRACE_EVENT_SECCOMP && !onFilterStop(tracee, *its_space, event)) return false;
  // Before anything of it is noted: the trap may be that of a system call that is made again.
  if (is_interrupt && collectsTrap(tracee, *its_space)) return false;
  // From here on its pc is not a slot's.
  tracee.entered_slot = 0;
  if (event->event != 0 || event->code != SIGTRAP) {
    noteRestart(tracee, *its_space);
    resendDeferred(tracee, *its_space);
  }
  if (!tracee.handler_marks.empty()) tracee.returned_to = interrupted_sites::takeReturn(tracee, *its_space);
  uint64_t stopped_at = tracee.word(its_space->arch.pc_offset);
  if (tracee.returned_to == stopped_at) tracee.hit_site = stopped_at;
  bool is_step_in_slot = tracee.phase == Phase::kSlotStep;
  event->pc = stopped_at;
  if (event->event != PTRACE_EVENT_EXEC && !is_step_in_slot) translatePc(tracee, *its_space, event);
  if (event->event != 0 || event->isSystemCallStop()) {
    if (is_step_in_slot && event->event != PTRACE_EVENT_EXEC) translatePc(tracee, *its_space, event);
    Phase ended = tracee.phase;
    endPhase(tracee, event->pc);
    // It was interrupted between leaving the range and the trap there.
    if (is_interrupt && hasLeftRange(tracee, event->pc)) event->stepped = true;
    return !event->isSystemCallStop() || onCallStop(tracee, *its_space, ended, event);
  }
  return onSignalStop(tracee, *its_space, stopped_at, event);
}

bool Tracer::onSignalStop(Tracee& tracee, Space& its_space, uint64_t stopped_at, Event* event) {
  siginfo_t info = {};
  if (ptrace_ops::getSiginfo(tracee.tid, &info) == 0) {
    recogniseDeferred(tracee, &info);
    event->signal_code = info.si_code;
    event->trap_address = reinterpret_cast<uint64_t>(info.si_addr);
    if (info.si_code <= 0) event->sender = info.si_pid;
  }
  if (event->code == SIGTRAP) {
    bool must_tell = onTrap(tracee, its_space, event);
    if (must_tell && tracee.state == RunState::kStopped) {
      translatePc(tracee, its_space, event);
      if (!event->stepped) translateInfo(tracee, stopped_at, *event, &info);
    }
    return must_tell;
  }
  translatePc(tracee, its_space, event);
  translateInfo(tracee, stopped_at, *event, &info);
  endPhase(tracee, event->pc);
  return onOtherSignal(tracee, its_space, info, event);
}

void Tracer::take(pid_t tid, int status, std::vector<Event>* events) {
  Event event;
  event.tid = tid;
  Tracee* tracee = find(tid);
  if (WIFEXITED(status) || WIFSIGNALED(status)) {
    event.kind = WIFEXITED(status) ? Event::Kind::kExited : Event::Kind::kKilled;
    event.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (WIFSIGNALED(status)) event.signal_code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
    bool is_known = tracee == nullptr || tracee->is_reported;
    if (tracee != nullptr) {
      setState(*tracee, RunState::kStopped);
      tracees_.erase(tid);
      launched_.erase(tid);
    }
    newborns_.erase(tid);
    has_ended_ = true;
    if (!is_known) return;
    reportCalls(events);
    events->push_back(event);
    return;
  }
  if (!WIFSTOPPED(status)) return;
  if (tracee == nullptr) {
    adopt(tid, -1);
    tracee = find(tid);
  }
  setState(*tracee, RunState::kStopped);
  if (std::exchange(tracee->is_moved_back, false)) {
    tracee->is_pc_dirty = true;
  } else {
    tracee->discardGeneral();
  }
  tracee->hit_site = 0;
  tracee->hit_owners.reset();
  tracee->hit_access = 0;
  // A trap that was collected out of an interrupt is that of the step before it.
  tracee->was_unwatched = switchOn(*tracee) || (tracee->owes_stop && tracee->was_unwatched);
  tracee->was_in_slot = false;
  tracee->rewound_slot = 0;
  tracee->returned_to.reset();
  newborns_.erase(tid);
  event.code = WSTOPSIG(status);
  event.event = status >> 16;
  bool is_interrupt = event.event == PTRACE_EVENT_STOP && event.code == SIGTRAP;
  if (std::exchange(tracee->awaits_end, false) && is_interrupt && !tracee->is_interrupted) {
    expectExit(*tracee);
    return;
  }
  bool must_tell = onStop(*tracee, &event);
  takePrinted(events);
  if (must_tell) {
    tracee->owes_stop = false;
    endStepping(*tracee, &event);
    if (Space* its_space = spaceOf(*tracee)) resendDeferred(*tracee, *its_space);
    tracee->is_interrupted = false;
    // In the order in which they were made. An exec takes every other thread with it.
    if (!tracee->is_reported || event.event == PTRACE_EVENT_EXEC) reportBirths(events);
    reportCalls(events);
    events->push_back(event);
  } else if (tracee->is_interrupted && !tracee->owes_stop) {
    ptrace_ops::interrupt(tid);
  }
}

}  // namespace outstep
