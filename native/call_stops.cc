/**
 * Stops on the way into system calls and out of them: which requests lead to them, and which are told.
 */
#include <errno.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <utility>

#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

bool isInsideCall(int event) {
  return event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
         event == PTRACE_EVENT_VFORK_DONE || event == PTRACE_EVENT_EXEC || event == PTRACE_EVENT_EXIT ||
         event == PTRACE_EVENT_SECCOMP;
}

bool isAtCall(const Tracee& tracee, const Space& space) {
  uint64_t pc = tracee.word(space.arch.pc_offset);
  uint8_t text[kLongestCallBytes];
  size_t length_bytes = space.read(pc, text, sizeof text);
  const auto& calls = space.arch.system_call_instructions;
  return std::any_of(calls.begin(), calls.end(), [&](const std::vector<uint8_t>& call) {
    return call.size() <= length_bytes && std::equal(call.begin(), call.end(), text);
  });
}

/** Kernels before 5.3 do not say; the calls that were seen to begin do then. */
bool isEntry(const Tracee& tracee) {
  __ptrace_syscall_info info = {};
  if (ptrace_ops::getSystemCallInfo(tracee.tid, &info) != 0) return !tracee.is_in_call;
  return info.op == PTRACE_SYSCALL_INFO_ENTRY || info.op == PTRACE_SYSCALL_INFO_SECCOMP;
}

int32_t regsetNumber(const Tracee& tracee, const Arch& arch) {
  int32_t number = -1;
  size_t size_bytes = sizeof number;
  int code = ptrace_ops::getRegset(tracee.tid, arch.syscall_number_note, &number, &size_bytes);
  return code == 0 ? number : -1;
}

/** Of the call that a thread goes into or comes out of. */
int numberIn(const Tracee& tracee, const Arch& arch, bool is_entry) {
  bool is_in_register = arch.syscall_number_note == Arch::kGeneralSet;
  if (is_in_register || is_entry) return static_cast<int>(tracee.word(arch.syscall_number_offset));
  return tracee.call_number >= 0 ? tracee.call_number : regsetNumber(tracee, arch);
}

/** The call becomes one that there is not. */
void skipCall(Tracee& tracee, const Arch& arch) {
  constexpr int32_t kNoCall = -1;
  tracee.setWord(arch.syscall_result_offset, static_cast<uint64_t>(-ENOSYS));
  if (arch.syscall_number_note == Arch::kGeneralSet) {
    tracee.setWord(arch.syscall_number_offset, static_cast<uint64_t>(kNoCall));
  } else {
    ptrace_ops::setRegset(tracee.tid, arch.syscall_number_note, &kNoCall, sizeof kNoCall);
  }
}

}  // namespace

bool CaughtCalls::has(int number) const {
  return std::binary_search(numbers.begin(), numbers.end(), number) != is_rest;
}

bool CaughtCalls::contains(const CaughtCalls& part) const {
  const std::vector<int>& others = part.numbers;
  if (part.is_rest)
    return is_rest && std::includes(others.begin(), others.end(), numbers.begin(), numbers.end());
  return std::all_of(others.begin(), others.end(), [&](int number) { return has(number); });
}

bool CallFilter::tellsOf(const CaughtCalls& wanted) const {
  return mark != 0 && !is_outdone && calls.contains(wanted);
}

RunRequest Tracer::requestFor(Tracee& tracee, bool step, int signal) {
  Space* its_space = spaceOf(tracee);
  bool catches = its_space != nullptr && its_space->caught_calls.any();
  // The filter tells of the beginning; of the end of a call that was told of nobody else does.
  if (catches && its_space->call_filter.tellsOf(its_space->caught_calls)) {
    bool is_told = tracee.is_in_call && tracee.call_number >= 0 && (!step || signal == 0);
    if (is_told) return RunRequest::kSystemCall;
    return step ? RunRequest::kStep : RunRequest::kContinue;
  }
  if (!step) return catches ? RunRequest::kSystemCall : RunRequest::kContinue;
  // Stepping passes both ends of a call unseen. From inside one, and from the instruction that makes it,
  // nothing else is executed before the next end anyway, unless a handler is.
  if (!catches || signal != 0 || !loadGeneral(tracee, its_space->arch)) return RunRequest::kStep;
  bool meets_call = tracee.is_in_call || isAtCall(tracee, *its_space);
  return meets_call ? RunRequest::kSystemCall : RunRequest::kStep;
}

void Tracer::noteCall(Tracee& tracee, const Event& event) {
  if (event.isSystemCallStop()) return;
  tracee.is_between_calls = false;
  // A signal or an interrupt ends the call, which may be made again.
  tracee.is_in_call = isInsideCall(event.event);
}

/** Every call is to be told of from now on, in threads that run as well. */
void Tracer::outdoFilter(const Tracee& maker, Space& its_space) {
  if (std::exchange(its_space.call_filter.is_outdone, true) || !its_space.caught_calls.any()) return;
  for (const auto& [tid, other] : tracees_) {
    bool is_its = other->space == maker.space && other->state == RunState::kRunning;
    if (is_its && !other->is_interrupted) interrupt(tid);
  }
}

bool Tracer::onFilterStop(Tracee& tracee, Space& its_space, Event* event) {
  const CallFilter& filter = its_space.call_filter;
  bool is_adding = filter.mark != 0 && event->message == filter.addingMark();
  if (is_adding) outdoFilter(tracee, its_space);
  if (is_adding || (filter.mark != 0 && event->message == filter.mark)) {
    // The stop before was that of the same call.
    if (tracee.is_in_call && tracee.call_number >= 0) return !goOn(tracee, 0, event);
    event->event = 0;
    event->code = SIGTRAP | 0x80;
    tracee.is_at_filter = true;
    return true;
  }
  // A filter of the program's own: without a tracer there is no such call.
  skipCall(tracee, its_space.arch);
  return !goOn(tracee, 0, event);
}

bool Tracer::onCallStop(Tracee& tracee, const Space& its_space, Phase ended, Event* event) {
  // A filter tells of beginnings only, and whoever was last seen inside a call next comes out of it.
  bool is_filters = std::exchange(tracee.is_at_filter, false);
  bool is_between_calls = std::exchange(tracee.is_between_calls, false);
  bool is_entry = is_filters || is_between_calls || (!tracee.is_in_call && isEntry(tracee));
  int number = numberIn(tracee, its_space.arch, is_entry);
  // rt_sigreturn(2) restores the register that has the number as well.
  if (!is_entry && number < 0) number = tracee.call_number;
  tracee.is_in_call = is_entry;
  tracee.is_between_calls = !is_entry;
  tracee.call_number = is_entry ? number : -1;
  bool was_in_exec = std::exchange(tracee.is_in_exec, false);
  event->call_end = is_entry ? CallEnd::kEntry : CallEnd::kReturn;
  event->call_number = number;
  if (!is_entry) tracee.range.at = Range::kNowhere;
  bool is_step_over =
      !is_entry && tracee.mode != ResumeMode::kContinue && !was_in_exec && isStepEnd(tracee, its_space);
  if (is_step_over) {
    event->stepped = true;
    event->at_site = tracee.hit_site != 0;
  }
  // After a step in place others wait for the trap to be put back.
  bool is_awaited = is_step_over || ended == Phase::kInPlace;
  if (is_awaited) return true;
  if (its_space.caught_calls.has(number)) return !logCall(tracee, its_space, is_entry, event);
  if (its_space.call_filter.tellsOf(its_space.caught_calls)) tracee.call_number = -1;
  return !goOn(tracee, 0, event);
}

bool Tracer::logCall(Tracee& tracee, const Space& its_space, bool is_entry, Event* event) {
  bool was_entry_logged = std::exchange(tracee.is_call_logged, false);
  unsigned ends = its_space.logged_calls.endsOf(event->call_number);
  if (!is_entry) ends >>= LoggedCalls::kReturnShift;
  bool is_logged = (ends & LoggedCalls::kLogged) != 0 && (is_entry || was_entry_logged);
  if (!is_logged || !tracee.is_reported || tracee.mode != ResumeMode::kContinue) return false;
  tracee.is_call_logged = is_entry;
  if (is_entry) {
    call_log_.addEntry(tracee, its_space, event->call_number);
  } else {
    call_log_.addReturn(tracee, its_space, event->call_number);
  }
  if ((ends & LoggedCalls::kWaits) == 0) return goOn(tracee, 0, event);
  logged_.push_back(*event);
  return true;
}

void Tracer::reportCalls(std::vector<Event>* events) {
  if (call_log_.isEmpty()) return;
  Event event;
  event.kind = Event::Kind::kCallLog;
  event.words = call_log_.take();
  events->push_back(std::move(event));
}

void Tracer::releaseLogged(std::vector<Event>* events) {
  for (Event& event : std::exchange(logged_, {})) {
    Tracee* tracee = find(event.tid);
    // Killed, or lost in another thread's exec.
    if (tracee == nullptr || tracee->state != RunState::kStopped) continue;
    if (!goOn(*tracee, 0, &event)) events->push_back(event);
  }
}

}  // namespace outstep
