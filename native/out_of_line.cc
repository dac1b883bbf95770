/**
 * Carries out the plans of arch/plan.ts: emulation on the cached registers, or a slot. Slots belong to sites,
 * not to threads: their contents are constant, and any number of threads may be inside at the same time.
 */
#include "out_of_line.h"

#include <sys/uio.h>

#include <algorithm>
#include <bit>

#include "guarded_stack.h"
#include "ptrace_ops.h"

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

/** As the program may read: /proc/PID/mem would reach what it may not. */
bool readAsProgram(const Tracee& tracee, uint64_t address, uint64_t* value, size_t length_bytes) {
  iovec into = {value, length_bytes};
  iovec from = {reinterpret_cast<void*>(address), length_bytes};
  return process_vm_readv(tracee.tid, &into, 1, &from, 1, 0) == static_cast<ssize_t>(length_bytes);
}

uint64_t addressOf(const Tracee& tracee, const MemoryOperand& operand) {
  const auto word = [&](int offset) {
    return offset < 0 ? uint64_t{0} : tracee.word(static_cast<size_t>(offset));
  };
  uint64_t address =
      word(operand.base_offset) + word(operand.index_offset) * operand.scale + operand.displacement;
  if (operand.bits == 32) address &= 0xffffffff;
  return address + word(operand.segment_base_offset);
}

/** Where a call goes; nothing: the program has to find out itself. */
std::optional<uint64_t> callTarget(const Tracee& tracee, const Space& space, const Effect& effect) {
  uint64_t target = effect.target;
  if (effect.op == Op::kCallRegister) target = tracee.word(effect.register_offset);
  if (effect.op == Op::kCallMemory) {
    size_t length_bytes = space.arch.register_bytes;
    target = 0;  // the narrow one's bytes are its first ones: little-endian
    if (!readAsProgram(tracee, addressOf(tracee, effect.operand), &target, length_bytes)) return std::nullopt;
  }
  if ((target & effect.barred_target_bits) != 0) return std::nullopt;
  return target;
}

bool push(Tracee& tracee, const Space& space, uint64_t value) {
  size_t length_bytes = space.arch.register_bytes;
  uint64_t sp = tracee.word(space.arch.sp_offset);
  // An address below 0 may be one at the top: left to the program.
  if (sp < length_bytes) return false;
  sp -= length_bytes;
  if (!writeAsProgram(tracee, sp, value, length_bytes)) return false;
  tracee.setWord(space.arch.sp_offset, sp);
  return true;
}

bool countsToJump(Tracee& tracee, const Effect& effect) {
  uint64_t mask = effect.counter_bits == 64 ? ~uint64_t{0} : (uint64_t{1} << effect.counter_bits) - 1;
  uint64_t whole = tracee.word(effect.counter_offset);
  uint64_t counter = whole & mask;
  if (effect.decrement) {
    counter = (counter - 1) & mask;
    bool keeps_rest = effect.counter_bits == 16;
    tracee.setWord(effect.counter_offset, keeps_rest ? (whole & ~mask) | counter : counter);
  }
  if ((counter == 0) != effect.jump_when_zero) return false;
  bool zero_flag = (tracee.word(effect.flags_offset) & effect.zero_flag_mask) != 0;
  return effect.zero_flag < 0 || zero_flag == (effect.zero_flag == 1);
}

/** False: the return address cannot be noted wherever it must be. */
bool link(Tracee& tracee, const Space& space, const Effect& effect, uint64_t next) {
  if (!guarded_stack::push(tracee, space, next)) return false;
  tracee.setWord(static_cast<size_t>(effect.link_offset), next);
  return true;
}

/** False: the program has to find out itself where it goes. */
bool jumpToRegister(Tracee& tracee, const Space& space, const Effect& effect, uint64_t next,
                    uint64_t* destination) {
  uint64_t target = tracee.word(effect.register_offset) & ~effect.ignored_target_bits;
  if ((target & effect.barred_target_bits) != 0) return false;
  if (effect.link_offset >= 0 && !link(tracee, space, effect, next)) return false;
  *destination = target;
  return true;
}

bool load(Tracee& tracee, const Effect& effect) {
  uint64_t value = 0;  // the narrow one's bytes are its first ones: little-endian
  if (!readAsProgram(tracee, effect.address, &value, effect.loaded_bytes)) return false;
  bool is_narrow = effect.loaded_bytes == sizeof(uint32_t);
  if (is_narrow && effect.is_signed) value = static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)});
  tracee.setWord(effect.register_offset, value);
  return true;
}

/** Every instruction says anew what kind of branch it was. */
void setBranchType(Tracee& tracee, const Arch& arch, uint64_t branch_type) {
  uint64_t flags = tracee.word(arch.flags_offset);
  uint64_t changed = (flags & ~arch.branch_target_flags) | branch_type;
  if (changed != flags) tracee.setWord(arch.flags_offset, changed);
}

/** False: memory could not be accessed as the program would do it. */
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
    case Op::kTestBranch:
      if (((tracee.word(effect.register_offset) & effect.tested_bits) == 0) == effect.jump_when_zero)
        destination = effect.target;
      break;
    case Op::kLink:
      if (!link(tracee, space, effect, next)) return false;
      destination = effect.target;
      break;
    case Op::kJumpRegister:
      if (!jumpToRegister(tracee, space, effect, next, &destination)) return false;
      break;
    case Op::kSetRegister:
      tracee.setWord(effect.register_offset, effect.value);
      break;
    case Op::kLoad:
      if (!load(tracee, effect)) return false;
      break;
    case Op::kCall:
    case Op::kCallRegister:
    case Op::kCallMemory: {
      std::optional<uint64_t> target = callTarget(tracee, space, effect);
      if (!target || !push(tracee, space, next)) return false;
      destination = *target;
      break;
    }
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
  if (space.arch.branch_target_flags != 0) setBranchType(tracee, space.arch, effect.branch_type);
  tracee.setPc(space.arch, destination);
  return true;
}

void replaceWord(const Space& space, uint64_t address, uint64_t from, uint64_t to) {
  size_t length_bytes = space.arch.register_bytes;
  uint64_t word = 0;  // the narrow one's bytes are its first ones: little-endian
  if (space.read(address, &word, length_bytes) != length_bytes || word != from) return;
  space.write(address, &to, length_bytes);
}

bool touchesMemory(Op op) {
  switch (op) {
    case Op::kLoad:
    case Op::kCall:
    case Op::kCallRegister:
    case Op::kCallMemory:
    case Op::kPushRegister:
    case Op::kPushValue:
      return true;
    case Op::kNext:
    case Op::kJump:
    case Op::kBranch:
    case Op::kTestBranch:
    case Op::kLink:
    case Op::kJumpRegister:
    case Op::kSetRegister:
    case Op::kCountBranch:
      return false;
  }
  return true;
}

/** A program that single-steps itself wants its trap; a watchpoint has to see what is accessed, and the CPU
 * where it checks alignment. */
bool mayEmulate(const Tracee& tracee, const Space& space, const Effect& effect) {
  uint64_t flags = tracee.word(space.arch.flags_offset);
  if ((flags & space.arch.trap_flag) != 0) return false;
  bool must_access = space.is_watched || (flags & space.arch.alignment_flag) != 0;
  return !must_access || !touchesMemory(effect.op);
}

/** Whether the program still has the instruction that the plan was made for. */
bool isUnchanged(const Space& space, const Plan& plan, uint64_t pc) {
  if (plan.checked_text.empty()) return true;
  size_t trap_bytes = space.arch.breakpoint_bytes.size();
  if (plan.checked_text.size() <= trap_bytes) return true;
  std::vector<uint8_t> now(plan.checked_text.size() - trap_bytes);
  return space.read(pc + trap_bytes, now.data(), now.size()) == now.size() &&
         std::equal(now.begin(), now.end(), plan.checked_text.begin() + static_cast<ptrdiff_t>(trap_bytes));
}

/** It was reached in a way in which it faults. */
bool faultsWhenReached(const Tracee& tracee, const Arch& arch, const Plan& plan) {
  if (plan.barred_branch_types == 0) return false;
  uint64_t type = tracee.word(arch.flags_offset) & arch.branch_target_flags;
  return (plan.barred_branch_types >> (type >> std::countr_zero(arch.branch_target_flags)) & 1) != 0;
}

bool isBarred(const Tracee& tracee, const Space& space, const Slot& slot) {
  // The kernel looks at the address of a call.
  if (slot.makes_system_call && ptrace_ops::dispatchesCalls(tracee.tid)) return true;
  if (slot.barred_stack_bits == 0) return false;
  uint16_t top = 0;
  uint64_t sp = tracee.word(space.arch.sp_offset);
  return space.read(sp, &top, sizeof top) == sizeof top && (top & slot.barred_stack_bits) != 0;
}

/** The kernel makes the call again by going back over the instruction, prefixes left out. */
bool restartsAtSite(const Slot& slot, const Arch& arch) {
  const auto& calls = arch.system_call_instructions;
  return slot.makes_system_call && std::any_of(calls.begin(), calls.end(), [&](const auto& call) {
           return call.size() == slot.site_length_bytes;
         });
}

/** A thread that runs on makes a push itself for less than a write to its memory costs. */
bool runsInSlot(const Tracee& tracee, const Plan& plan) {
  bool is_push = plan.effect.op == Op::kPushRegister || plan.effect.op == Op::kPushValue;
  return tracee.mode == ResumeMode::kContinue && is_push && plan.slot != 0;
}

}  // namespace

Start start(Tracee& tracee, const Space& space, const Plan& plan) {
  uint64_t pc = tracee.word(space.arch.pc_offset);
  if (plan.kind == PlanKind::kRefuse || !isUnchanged(space, plan, pc)) return Start::kRefused;
  if (faultsWhenReached(tracee, space.arch, plan)) return Start::kRefused;
  bool is_emulated = plan.kind == PlanKind::kEmulate && !runsInSlot(tracee, plan) &&
                     mayEmulate(tracee, space, plan.effect) && emulate(tracee, space, plan, pc);
  if (is_emulated) return Start::kEmulated;
  auto slot = plan.slot == 0 ? space.slots.end() : space.slots.find(plan.slot);
  if (slot == space.slots.end() || isBarred(tracee, space, slot->second)) return Start::kRefused;
  tracee.setPc(space.arch, plan.slot + slot->second.entry_offset);
  tracee.phase_address = plan.slot;
  tracee.entered_slot = plan.slot;
  tracee.program_traps = (tracee.word(space.arch.flags_offset) & space.arch.trap_flag) != 0;
  return slot->second.fixups.mustStep() ? Start::kMustStep : Start::kInSlot;
}

namespace {

/** What a thread at an offset of a slot is at. */
uint64_t placeOf(const Slot& slot, uint64_t offset) {
  uint64_t place = offset >= slot.slot_length_bytes ? slot.site + slot.site_length_bytes : slot.site;
  for (const SlotPart& part : slot.parts) {
    if (part.offset <= offset) place = part.address;
  }
  return place;
}

}  // namespace

bool isRestarting(const Tracee& tracee, const Arch& arch) {
  // ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK: <linux/errno.h> of the kernel, seen
  // by tracers only.
  constexpr int64_t kFirst = -516;
  constexpr int64_t kLast = -512;
  if (arch.rewinds_calls_early) return false;
  uint64_t word = tracee.word(arch.syscall_result_offset);
  bool is_narrow = tracee.register_bytes == sizeof(uint32_t);
  int64_t result = is_narrow ? static_cast<int32_t>(word) : static_cast<int64_t>(word);
  return result >= kFirst && result <= kLast;
}

bool translate(Tracee& tracee, const Space& space) {
  if (space.slots.empty()) return false;
  const Arch& arch = space.arch;
  auto found = space.slotOf(tracee.word(arch.pc_offset));
  if (!found) return false;
  auto [start, slot] = *found;
  uint64_t offset = tracee.word(arch.pc_offset) - start;
  bool is_executed = offset >= slot->slot_length_bytes;
  uint64_t original = placeOf(*slot, offset);
  tracee.setPc(arch, original);
  // The same execution: not to be counted again.
  if (!is_executed && original == slot->site) tracee.hit_site = slot->site;
  if (!is_executed && slot->makes_system_call && arch.rewinds_calls_early) tracee.rewound_slot = start;
  if (!is_executed || !slot->makes_system_call) return true;
  if (isRestarting(tracee, arch) && restartsAtSite(*slot, arch)) tracee.restart_site = slot->site;
  if (!slot->fixups.syscall_registers || arch.syscall_next_offset < 0) return true;
  auto next_offset = static_cast<size_t>(arch.syscall_next_offset);
  if (tracee.word(next_offset) != start + slot->slot_length_bytes) return true;
  tracee.setWord(next_offset, original);
  // A step through the slot may have left its flag there, in a child as well.
  bool program_traps = (tracee.word(arch.flags_offset) & arch.trap_flag) != 0;
  if (arch.syscall_flags_offset < 0 || program_traps) return true;
  auto flags_offset = static_cast<size_t>(arch.syscall_flags_offset);
  tracee.setWord(flags_offset, tracee.word(flags_offset) & ~arch.trap_flag);
  return true;
}

void translateFrame(const Tracee& tracee, const Space& space) {
  size_t length_bytes = space.arch.register_bytes;
  for (const SignalFrame& frame : space.arch.signal_frames) {
    uint64_t at = tracee.word(space.arch.sp_offset) + frame.pc_offset;
    uint64_t pc = 0;  // the narrow one's bytes are its first ones: little-endian
    if (space.read(at, &pc, length_bytes) != length_bytes) continue;
    auto found = space.slotOf(pc);
    if (!found) continue;
    uint64_t place = placeOf(*found->second, pc - found->first);
    space.write(at, &place, length_bytes);
    return;
  }
}

void returnToCall(Tracee& tracee, const Space& space) {
  auto found = space.slots.find(tracee.rewound_slot);
  if (tracee.rewound_slot == 0 || found == space.slots.end()) return;
  const auto& [start, slot] = *found;
  if (tracee.word(space.arch.pc_offset) != slot.site) return;
  tracee.setPc(space.arch, start + slot.entry_offset);
  tracee.entered_slot = start;
}

void repairAfterStep(Tracee& tracee, const Space& space) {
  auto found = space.slots.find(tracee.phase_address);
  if (found == space.slots.end()) return;
  const auto& [start, slot] = *found;
  const Arch& arch = space.arch;
  uint64_t pc = tracee.word(arch.pc_offset);
  if (pc == start + slot.entry_offset) return;  // not executed
  uint64_t sp = tracee.word(arch.sp_offset);
  uint64_t slot_next = start + slot.slot_length_bytes;
  uint64_t next = slot.site + slot.site_length_bytes;
  if (slot.fixups.return_address) replaceWord(space, sp, slot_next, next);
  auto link_offset = static_cast<size_t>(arch.link_offset);
  if (slot.fixups.link && tracee.word(link_offset) == slot_next) {
    tracee.setWord(link_offset, next);
    guarded_stack::replaceTop(tracee, space, slot_next, next);
  }
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
