/**
 * Decides whom the hit of a breakpoint concerns: the owners' conditions and commands, evaluated in the thread
 * that hit it, with every other thread running on.
 */
#include <algorithm>
#include <iterator>

#include "agent_expression.h"
#include "tracer.h"

namespace outstep {

agent::Outcome Tracer::evaluate(Tracee& tracee, const Space& its_space, std::span<const uint8_t> program) {
  return agent::evaluate(tracee, its_space, variables_, program);
}

bool Tracer::isConditionTrue(Tracee& tracee, const Space& its_space, const OwnerPrograms& owner) {
  if (owner.conditions.empty()) return true;
  for (const auto& condition : owner.conditions) {
    agent::Outcome outcome = evaluate(tracee, its_space, condition);
    // One that cannot be evaluated must not make the user miss a hit.
    if (outcome.error != nullptr || outcome.value.value_or(1) != 0) return true;
  }
  return false;
}

void Tracer::runCommands(Tracee& tracee, const Space& its_space, const OwnerPrograms& owner) {
  Event event;
  event.tid = tracee.tid;
  event.kind = Event::Kind::kPrinted;
  event.owner = owner.owner;
  for (const auto& command : owner.commands) event.text += evaluate(tracee, its_space, command).text;
  if (!event.text.empty()) printed_.push_back(std::move(event));
}

void Tracer::takePrinted(std::vector<Event>* events) {
  std::move(printed_.begin(), printed_.end(), std::back_inserter(*events));
  printed_.clear();
}

bool Tracer::concernsAnyone(Tracee& tracee, const Space& its_space, const BreakpointPrograms& programs) {
  std::vector<int> owners;
  for (const OwnerPrograms& owner : programs.owners) {
    if (!isConditionTrue(tracee, its_space, owner)) continue;
    if (owner.commands.empty()) {
      owners.push_back(owner.owner);
    } else {
      runCommands(tracee, its_space, owner);
    }
  }
  bool is_anyones = !owners.empty();
  tracee.hit_owners = std::move(owners);
  return is_anyones;
}

/** Leaves the owners in `hit_owners`. */
bool Tracer::isSiteHit(Tracee& tracee, const Space& its_space, uint64_t address) {
  tracee.hit_owners.reset();
  auto found = its_space.programs.find(address);
  return found == its_space.programs.end() || concernsAnyone(tracee, its_space, found->second);
}

/** A trap of nothing but one hardware breakpoint, in a thread that has nothing else under way. */
bool Tracer::isSilentHardwareHit(Tracee& tracee, const Space& its_space, const Event& event) {
  auto found = its_space.hardware_programs.find(event.pc);
  if (found == its_space.hardware_programs.end()) return false;
  bool is_it = (event.debug_status & found->second.status_bits) != 0;
  if (!is_it || concernsAnyone(tracee, its_space, found->second)) return false;
  return event.debug_status == found->second.status_bits;
}

}  // namespace outstep
