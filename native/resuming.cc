/** How threads are let go: as they were asked to, and past the site that they are at. */
#include <algorithm>
#include <utility>

#include "out_of_line.h"
#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

bool Tracer::run(Tracee& tracee, bool step, int signal) {
  Space* its_space = spaceOf(tracee);
  if (its_space != nullptr && !storeGeneral(tracee, its_space->arch)) {
    expectExit(tracee);
    return false;
  }
  RunRequest request = requestFor(tracee, step || tracee.is_unwatched, signal);
  if (request != RunRequest::kSystemCall) {
    tracee.is_in_call = false;
    tracee.is_between_calls = false;
    tracee.call_number = -1;
  }
  if (signal != 0) {
    // A handler may come in between: its return to the site would be no restart.
    tracee.restart_site = 0;
    emptySlots(tracee, signal);
  }
  tracee.is_general_valid = false;
  tracee.was_resumed = true;
  tracee.is_stepping = request == RunRequest::kStep;
  tracee.hit_site = 0;
  tracee.hit_owners.reset();
  int code = request == RunRequest::kStep       ? ptrace_ops::singleStep(tracee.tid, signal)
             : request == RunRequest::kContinue ? ptrace_ops::resume(tracee.tid, signal)
                                                : ptrace_ops::resumeToCall(tracee.tid, signal);
  if (std::exchange(tracee.owes_stop, false)) ptrace_ops::interrupt(tracee.tid);
  // A thread that died under our hands runs, too: towards its exit event.
  setState(tracee, RunState::kRunning);
  return code == 0;
}

bool Tracer::mustStep(Tracee& tracee, int signal) {
  if (tracee.mode == ResumeMode::kContinue) return false;
  const Space* its_space = spaceOf(tracee);
  if (tracee.mode != ResumeMode::kRangeRun || its_space == nullptr) return true;
  // The handler of a signal is out of the range.
  if (signal != 0 || !loadGeneral(tracee, its_space->arch)) return true;
  return !tracee.range.isInstruction(tracee.word(its_space->arch.pc_offset));
}

bool Tracer::entersSequence(Tracee& tracee) {
  const Space* its_space = spaceOf(tracee);
  if (its_space == nullptr || its_space->arch.sequence_starts.empty()) return false;
  if (!loadGeneral(tracee, its_space->arch)) return false;
  uint8_t word[sizeof(uint32_t)] = {};
  uint64_t pc = tracee.word(its_space->arch.pc_offset);
  if (its_space->readOriginal(pc, word, sizeof word) != sizeof word) return false;
  const auto& starts = its_space->arch.sequence_starts;
  return std::any_of(starts.begin(), starts.end(), [&](const auto& start) { return start.matches(word); });
}

bool Tracer::hasLeftRange(const Tracee& tracee, uint64_t pc) {
  return tracee.mode == ResumeMode::kRangeRun && !tracee.range.contains(pc);
}

ResumeResult Tracer::resume(Tracee& tracee, ResumeMode mode, int signal) {
  Space* its_space = spaceOf(tracee);
  tracee.mode = mode;
  tracee.phase = Phase::kPlain;
  if (mode == ResumeMode::kContinue) tracee.is_in_exec = false;
  if (its_space != nullptr && mustGoUnwatched(tracee, *its_space, signal)) switchOff(tracee, *its_space);
  if (mode == ResumeMode::kListen) {
    if (its_space != nullptr) storeGeneral(tracee, its_space->arch);
    tracee.is_general_valid = false;
    tracee.was_resumed = true;
    int code = ptrace_ops::listen(tracee.tid);
    setState(tracee, RunState::kRunning);
    return code == 0 ? ResumeResult::kRunning : ResumeResult::kGone;
  }
  if (its_space != nullptr && tracee.hit_site != 0) {
    if (!loadGeneral(tracee, its_space->arch)) {
      setState(tracee, RunState::kRunning);
      return ResumeResult::kGone;
    }
    uint64_t pc = tracee.word(its_space->arch.pc_offset);
    const Plan* plan = its_space->siteAt(pc);
    if (plan != nullptr && tracee.hit_site == pc) return passSite(tracee, *its_space, *plan, signal);
    if (tracee.rewound_slot != 0 && tracee.hit_site == pc) return resumeCall(tracee, *its_space, signal);
  }
  bool step = mustStep(tracee, signal);
  if (signal != 0 && tracee.restart_site != 0) {
    // Where a handler comes in between, it may return to the site.
    tracee.phase = Phase::kSignalStep;
    tracee.phase_address = tracee.restart_site;
    step = true;
  }
  if (step && signal == 0 && entersSequence(tracee)) return ResumeResult::kSequence;
  bool is_alive = run(tracee, step, signal);
  return is_alive ? ResumeResult::kRunning : ResumeResult::kGone;
}

ResumeResult Tracer::resumeCall(Tracee& tracee, const Space& its_space, int signal) {
  if (signal != 0) {
    tracee.phase = Phase::kSignalStep;
    tracee.phase_address = tracee.word(its_space.arch.pc_offset);
  }
  if (!endsProcess(its_space, signal)) out_of_line::returnToCall(tracee, its_space);
  bool step = signal != 0 || mustStep(tracee, 0);
  return run(tracee, step, signal) ? ResumeResult::kRunning : ResumeResult::kGone;
}

bool Tracer::isOutOfStretch(const Tracee& tracee) {
  return tracee.mode == ResumeMode::kBlockStep && tracee.range.at == tracee.range.end;
}

bool Tracer::hasTransferred(const Tracee& tracee) {
  if (tracee.mode != ResumeMode::kRangeRun) return tracee.has_transferred;
  const Space* its_space = spaceOf(tracee);
  return its_space != nullptr && tracee.word(its_space->arch.pc_offset) != tracee.range.end;
}

bool Tracer::isStepEnd(Tracee& tracee, const Space& its_space) {
  if (tracee.mode == ResumeMode::kContinue) return false;
  uint64_t pc = tracee.word(its_space.arch.pc_offset);
  bool is_at_site = its_space.siteAt(pc) != nullptr;
  // A site with conditions does not end it yet: the trap decides.
  bool ends_at_site = is_at_site && !its_space.programs.contains(pc);
  bool is_in_block = !tracee.range.transfers.empty() && tracee.range.staysInBlock(pc, tracee.was_in_slot);
  tracee.has_transferred = !is_in_block;
  bool is_block = tracee.mode == ResumeMode::kBlockStep;
  bool is_range = tracee.mode != ResumeMode::kStep && !is_block;
  bool goes_on = is_block ? is_in_block : is_range && tracee.range.contains(pc);
  if (goes_on && !ends_at_site) {
    tracee.range.at = pc;
    return false;
  }
  // Whoever steps onto a site has reached it.
  tracee.hit_site = is_at_site ? pc : 0;
  if (is_at_site) isSiteHit(tracee, its_space, pc);
  return true;
}

/** Nothing needs to be repaired behind the slot that it is about to run in, and it comes to a site from
 * there. */
bool Tracer::isPassedFreely(const Tracee& tracee, const Space& its_space) {
  if (tracee.mode != ResumeMode::kRangeRun || !tracee.range.is_enclosed) return false;
  return !its_space.slots.at(tracee.entered_slot).fixups.any();
}

ResumeResult Tracer::passSite(Tracee& tracee, Space& its_space, const Plan& plan, int signal) {
  uint64_t pc = tracee.word(its_space.arch.pc_offset);
  if (signal != 0) {
    // A handler must see the original pc; without a handler the thread meets the trap again and passes it
    // then.
    tracee.phase = Phase::kSignalStep;
    tracee.phase_address = pc;
    if (!endsProcess(its_space, signal)) out_of_line::returnToCall(tracee, its_space);
    return run(tracee, true, signal) ? ResumeResult::kRunning : ResumeResult::kGone;
  }
  bool step = mustStep(tracee, 0);
  if (plan.is_in_sequence && step) return ResumeResult::kSequence;
  switch (out_of_line::start(tracee, its_space, plan)) {
    case out_of_line::Start::kRefused:
      // It is stepped in place instead.
      if (switchOn(tracee)) {
        tracee.hit_access = pc;
        tracee.hit_kinds = tracee.passed_kinds;
      }
      return ResumeResult::kRefused;
    case out_of_line::Start::kEmulated:
      switchOn(tracee);
      if (isStepEnd(tracee, its_space)) return ResumeResult::kDone;
      if (isOutOfStretch(tracee)) {
        tracee.hit_site = 0;
        return ResumeResult::kStretch;
      }
      step = mustStep(tracee, 0);
      if (step && entersSequence(tracee)) return ResumeResult::kSequence;
      break;
    case out_of_line::Start::kMustStep:
      tracee.phase = Phase::kSlotStep;
      step = true;
      break;
    case out_of_line::Start::kInSlot:
      // Stepped, a sequence would never get its store done.
      step =
          tracee.mode != ResumeMode::kContinue && !plan.is_in_sequence && !isPassedFreely(tracee, its_space);
      if (step && its_space.slots.at(tracee.entered_slot).fixups.any()) tracee.phase = Phase::kSlotStep;
      break;
    case out_of_line::Start::kReady:
      break;
  }
  return run(tracee, step, 0) ? ResumeResult::kRunning : ResumeResult::kGone;
}

bool Tracer::stepInPlace(Tracee& tracee, int signal) {
  Space* its_space = spaceOf(tracee);
  if (its_space == nullptr) return false;
  if (!loadGeneral(tracee, its_space->arch)) {
    expectExit(tracee);
    return false;
  }
  tracee.mode = ResumeMode::kStep;
  tracee.phase = Phase::kInPlace;
  tracee.phase_address = tracee.word(its_space->arch.pc_offset);
  if (mustGoUnwatched(tracee, *its_space, signal)) switchOff(tracee, *its_space);
  return run(tracee, true, signal);
}

}  // namespace outstep
