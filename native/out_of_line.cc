/**
 * Carries out the plans of arch/plan.ts: emulation on the cached registers, or a slot. Slots belong to sites,
 * not to threads: their contents are constant, and any number of threads may be inside at the same time.
 */
#include "out_of_line.h"

#include <sys/uio.h>

namespace outstep::out_of_line {

namespace {

bool isTaken(const Tracee& tracee, const Effect& effect) {
  uint64_t flags = tracee.word(effect.flags_offset);
  bool holds = (flags & effect.any_set) != 0 || (~flags & effect.any_clear) != 0;
  if (effect.differ_first != 0) {
    holds = holds || ((flags & effect.differ_first) != 0) != ((flags & effect.differ_second) != 0);
  }
  return holds != effect.negate;
}

/**
 * Writes as the program itself may: /proc/PID/mem would reach read-only pages, too. Not across pages, so that
 * nothing is written where the second one faults.
 */
bool writeAsProgram(const Tracee& tracee, uint64_t address, uint64_t value, size_t length_bytes) {
  constexpr uint64_t kPageBytes = 4096;
  if (address % kPageBytes > kPageBytes - length_bytes) return false;
  iovec from = {&value, length_bytes};
  iovec to = {reinterpret_cast<void*>(address), length_bytes};
  return process_vm_writev(tracee.tid, &from, 1, &to, 1, 0) == static_cast<ssize_t>(length_bytes);
}

bool push(Tracee& tracee, const Space& space, uint64_t value) {
  size_t length_bytes = space.arch.register_bytes;
  uint64_t sp = tracee.word(space.arch.sp_offset);
  // An address below 0 may be one at the top: left to the program.
  if (space.is_watched || sp < length_bytes) return false;
  sp -= length_bytes;
  if (!writeAsProgram(tracee, sp, value, length_bytes)) return false;
  tracee.setWord(space.arch.sp_offset, sp);
  return true;
}

bool countsToJump(Tracee& tracee, const Effect& effect) {
  uint64_t counter = tracee.word(effect.counter_offset);
  if (effect.counter_is_32_bits) counter &= 0xffffffff;
  if (effect.decrement) {
    counter -= 1;
    if (effect.counter_is_32_bits) counter &= 0xffffffff;
    tracee.setWord(effect.counter_offset, counter);
  }
  if ((counter == 0) != effect.jump_when_zero) return false;
  bool zero_flag = (tracee.word(effect.flags_offset) & effect.zero_flag_mask) != 0;
  return effect.zero_flag < 0 || zero_flag == (effect.zero_flag == 1);
}

/** False: a push could not be done as the program would do it. */
bool emulate(Tracee& tracee, const Space& space, const Plan& plan, uint64_t pc) {
  const Effect& effect = plan.effect;
  uint64_t next = pc + plan.length_bytes;
  uint64_t destination = next;
  switch (effect.op) {
    case Op::kNext:
      break;
    case Op::kJump:
      destination = effect.target;
      break;
    case Op::kBranch:
      if (isTaken(tracee, effect)) destination = effect.target;
      break;
    case Op::kCall:
      if (!push(tracee, space, next)) return false;
      destination = effect.target;
      break;
    case Op::kPushRegister:
      if (!push(tracee, space, tracee.word(effect.register_offset))) return false;
      break;
    case Op::kPushValue:
      if (!push(tracee, space, effect.value)) return false;
      break;
    case Op::kCountBranch:
      if (countsToJump(tracee, effect)) destination = effect.target;
      break;
  }
  tracee.setWord(space.arch.pc_offset, destination);
  return true;
}

void replaceWord(const Space& space, uint64_t address, uint64_t from, uint64_t to) {
  size_t length_bytes = space.arch.register_bytes;
  uint64_t word = 0;  // the narrow one's bytes are its first ones: little-endian
  if (space.read(address, &word, length_bytes) != length_bytes || word != from) return;
  space.write(address, &to, length_bytes);
}

}  // namespace

Start start(Tracee& tracee, const Space& space, const Plan& plan) {
  uint64_t pc = tracee.word(space.arch.pc_offset);
  switch (plan.kind) {
    case PlanKind::kRefuse:
      return Start::kRefused;
    case PlanKind::kEmulate:
      return emulate(tracee, space, plan, pc) ? Start::kEmulated : Start::kRefused;
    case PlanKind::kSlot:
      break;
  }
  auto slot = space.slots.find(plan.slot);
  if (slot == space.slots.end()) return Start::kRefused;
  tracee.setWord(space.arch.pc_offset, plan.slot);
  tracee.phase_address = plan.slot;
  tracee.program_traps = (tracee.word(space.arch.flags_offset) & space.arch.trap_flag) != 0;
  return slot->second.fixups.any() ? Start::kMustStep : Start::kInSlot;
}

bool isRestarting(const Tracee& tracee, const Arch& arch) {
  // ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK: <linux/errno.h> of the kernel, seen
  // by tracers only.
  constexpr int64_t kFirst = -516;
  constexpr int64_t kLast = -512;
  if (arch.syscall_result_offset < 0) return false;
  uint64_t word = tracee.word(static_cast<size_t>(arch.syscall_result_offset));
  bool is_narrow = tracee.register_bytes == sizeof(uint32_t);
  int64_t result = is_narrow ? static_cast<int32_t>(word) : static_cast<int64_t>(word);
  return result >= kFirst && result <= kLast;
}

void translate(Tracee& tracee, const Space& space) {
  if (space.slots.empty()) return;
  uint64_t pc = tracee.word(space.arch.pc_offset);
  auto found = space.slotOf(pc);
  if (!found) return;
  auto [start, slot] = *found;
  bool is_executed = pc - start >= slot->slot_length_bytes;
  uint64_t original = is_executed ? slot->site + slot->site_length_bytes : slot->site;
  tracee.setWord(space.arch.pc_offset, original);
  if (!is_executed) tracee.hit_site = slot->site;  // the same execution: not to be counted again
  if (!is_executed || !slot->fixups.syscall_registers) return;
  if (isRestarting(tracee, space.arch)) tracee.restart_site = slot->site;
  const Arch& arch = space.arch;
  if (arch.syscall_next_offset < 0) return;
  auto next_offset = static_cast<size_t>(arch.syscall_next_offset);
  if (tracee.word(next_offset) != start + slot->slot_length_bytes) return;
  tracee.setWord(next_offset, original);
  // The step through the slot may have left its flag there, in a child as well.
  bool program_traps = (tracee.word(arch.flags_offset) & arch.trap_flag) != 0;
  if (arch.syscall_flags_offset < 0 || program_traps) return;
  auto flags_offset = static_cast<size_t>(arch.syscall_flags_offset);
  tracee.setWord(flags_offset, tracee.word(flags_offset) & ~arch.trap_flag);
}

void repairAfterStep(Tracee& tracee, const Space& space) {
  auto found = space.slots.find(tracee.phase_address);
  if (found == space.slots.end()) return;
  const auto& [start, slot] = *found;
  const Arch& arch = space.arch;
  uint64_t pc = tracee.word(arch.pc_offset);
  if (pc == start) return;  // not executed
  uint64_t sp = tracee.word(arch.sp_offset);
  uint64_t slot_next = start + slot.slot_length_bytes;
  if (slot.fixups.return_address) replaceWord(space, sp, slot_next, slot.site + slot.site_length_bytes);
  if (tracee.program_traps) return;
  if (slot.fixups.pushed_flags) {
    uint16_t low = 0;  // the trap flag lies in the first two bytes of either operand size
    if (space.read(sp, &low, sizeof low) == sizeof low) {
      low = static_cast<uint16_t>(low & ~arch.trap_flag);
      space.write(sp, &low, sizeof low);
    }
  }
  if (slot.fixups.syscall_registers && arch.syscall_flags_offset >= 0) {
    auto offset = static_cast<size_t>(arch.syscall_flags_offset);
    // Only a thread that came back from the call itself has the saved flags there; after rt_sigreturn pc is
    // elsewhere.
    if (pc == slot_next) tracee.setWord(offset, tracee.word(offset) & ~arch.trap_flag);
  }
}

}  // namespace outstep::out_of_line
