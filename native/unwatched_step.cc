/**
 * Debug registers that trap before the instruction, each time: a thread that was told of a breakpoint goes
 * past it with all breakpoints off for one step, and so with watchpoints.
 */
#include <algorithm>
#include <utility>

#include "ptrace_ops.h"
#include "tracer.h"

namespace outstep {

namespace {

uint64_t distanceOf(const HardwareRange& range, uint64_t address) {
  if (address < range.address) return range.address - address;
  uint64_t last = range.address + range.length_bytes - 1;
  return address > last ? address - last : 0;
}

}  // namespace

uint64_t Space::hardwareHits(uint64_t trap_address, uint64_t pc) const {
  uint64_t bits = 0;
  uint64_t nearest = ~uint64_t{0};
  for (const HardwareRange& range : hardware_ranges) {
    if (range.is_executed) {
      if (trap_address == pc && range.address == pc) return range.status_bits;
      continue;
    }
    uint64_t distance = distanceOf(range, trap_address & arch.address_mask);
    if (distance > nearest) continue;
    bits = distance == nearest ? bits | range.status_bits : range.status_bits;
    nearest = distance;
  }
  return bits;
}

HardwareKinds Space::kindsOf(uint64_t status) const {
  HardwareKinds kinds;
  for (const HardwareRange& range : hardware_ranges) {
    if ((range.status_bits & status) == 0) continue;
    (range.is_executed ? kinds.executed : kinds.accessed) = true;
  }
  return kinds;
}

void Tracer::noteDebugSet(Tracee& tracee, int note_type, const uint8_t* bytes, size_t length_bytes) {
  Space* its_space = spaceOf(tracee);
  if (its_space == nullptr) return;
  for (const DebugSet& set : its_space->arch.debug_sets) {
    if (set.note_type != note_type) continue;
    tracee.debug_sets[note_type].assign(bytes, bytes + length_bytes);
    its_space->is_armed = true;
  }
}

/** For the step that comes. */
void Tracer::switchOff(Tracee& tracee, const Space& its_space) {
  constexpr uint32_t kOff = 0;
  for (const DebugSet& set : its_space.arch.debug_sets) {
    auto found = tracee.debug_sets.find(set.note_type);
    bool is_hit = set.is_executed ? tracee.passed_kinds.executed : tracee.passed_kinds.accessed;
    if (!is_hit || found == tracee.debug_sets.end()) continue;
    std::vector<uint8_t> bytes = found->second;
    for (size_t at = set.control_offset; at + sizeof kOff <= bytes.size(); at += set.stride_bytes)
      std::copy_n(reinterpret_cast<const uint8_t*>(&kOff), sizeof kOff, bytes.begin() + at);
    ptrace_ops::setRegset(tracee.tid, set.note_type, bytes.data(), bytes.size());
  }
  tracee.is_unwatched = true;
}

bool Tracer::switchOn(Tracee& tracee) {
  if (!std::exchange(tracee.is_unwatched, false)) return false;
  for (const auto& [note_type, bytes] : tracee.debug_sets)
    ptrace_ops::setRegset(tracee.tid, note_type, bytes.data(), bytes.size());
  return true;
}

/** What it went past at the same instruction before stays off: it was told. */
void Tracer::noteAccess(Tracee& tracee, const Space& its_space, const Event& event, bool was_unwatched) {
  HardwareKinds kinds = its_space.kindsOf(event.debug_status);
  if (was_unwatched && tracee.passed_access == event.pc) {
    kinds.executed = kinds.executed || tracee.passed_kinds.executed;
    kinds.accessed = kinds.accessed || tracee.passed_kinds.accessed;
  }
  tracee.hit_access = event.pc;
  tracee.hit_kinds = kinds;
}

bool Tracer::mustGoUnwatched(Tracee& tracee, const Space& its_space, int signal) {
  uint64_t told = std::exchange(tracee.hit_access, 0);
  // A handler comes first, and returns to the instruction.
  if (told == 0 || signal != 0 || its_space.hardware_ranges.empty()) return false;
  tracee.passed_access = told;
  tracee.passed_kinds = tracee.hit_kinds;
  return loadGeneral(tracee, its_space.arch) && tracee.word(its_space.arch.pc_offset) == told;
}

}  // namespace outstep
