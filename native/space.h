#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "scoped_fd.h"

namespace outstep {

/** A register of the `p` packet in the general regset; no bytes: it is kept elsewhere. */
struct RegisterPlace {
  size_t offset = 0;
  size_t size_bytes = 0;
};

/** Where a signal handler finds the interrupted thread's pc and flags: distances from its stack pointer. */
struct SignalFrame {
  uint64_t pc_offset = 0;
  uint64_t flags_offset = 0;
};

/** Instructions that are the same in some bits. */
struct CodePattern {
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> mask;

  bool matches(const uint8_t* text) const {
    for (size_t index = 0; index < bytes.size(); ++index) {
      if ((text[index] & mask[index]) != bytes[index]) return false;
    }
    return true;
  }
};

/** A regset with debug registers; arch/module.ts DebugSet. */
struct DebugSet {
  int note_type = 0;
  bool is_executed = false;
  size_t control_offset = 0;
  size_t stride_bytes = 0;
};

/** Byte offsets in the general regset and other facts of an architecture; src/native/arch-types.ts
 * NativeArch. */
struct Arch {
  /** No regset has this note type. */
  static constexpr int kUserArea = 0;
  static constexpr int kGeneralSet = 0;

  int general_note = 0;
  size_t general_size_bytes = 0;
  /** Size of one register in it: 4 or 8. */
  size_t register_bytes = 8;
  size_t pc_offset = 0;
  /** In the user area of PTRACE_POKEUSER; -1: it is not there. */
  int pc_user_offset = -1;
  size_t sp_offset = 0;
  size_t flags_offset = 0;
  int syscall_next_offset = -1;
  int syscall_flags_offset = -1;
  /** The regset that has the thread pointer; kUserArea: the user area has it. */
  int thread_pointer_note = kUserArea;
  size_t thread_pointer_offset = 0;
  uint64_t trap_flag = 0;
  uint64_t alignment_flag = 0;
  /** Next to each other. */
  uint64_t branch_target_flags = 0;
  /** The register that calls leave their return address in; -1: they push it. */
  int link_offset = -1;
  /** Changed in the flags that a signal handler returns with; 0: there is no such bit. */
  uint64_t return_mark = 0;
  /** Instructions behind which a thread must not stop, of 4 bytes each. */
  std::vector<CodePattern> sequence_starts;
  bool has_coherent_text = true;
  /** The kernel goes on stepping a thread whose tracer ends behind a step. */
  bool keeps_stepping = false;
  /** Of the bits that say where in memory an address is. */
  uint64_t address_mask = ~uint64_t{0};
  std::vector<uint8_t> breakpoint_bytes;
  uint64_t breakpoint_pc_offset = 0;
  std::vector<CodePattern> breakpoint_lookalikes;
  int breakpoint_trap_code = 0;
  std::vector<int> breakpoint_trap_codes;
  int call_step_trap_code = 0;
  std::vector<SignalFrame> signal_frames;
  /** kGeneralSet: the register at the offset has the number during the call; else this regset. */
  int syscall_number_note = kGeneralSet;
  size_t syscall_number_offset = 0;
  size_t syscall_result_offset = 0;
  /** Of the six registers of its arguments. */
  std::vector<size_t> syscall_argument_offsets;
  /** -1: none. */
  int syscall_end_mark_offset = -1;
  bool rewinds_calls_early = false;
  std::vector<std::vector<uint8_t>> system_call_instructions;
  /** Regset of the stack of return addresses, and places in it; 0: there is no such stack. */
  int guarded_stack_note = 0;
  size_t guarded_stack_enabled_offset = 0;
  size_t guarded_stack_pointer_offset = 0;
  int debug_status_offset = -1;
  uint64_t debug_status_mask = 0;
  std::vector<DebugSet> debug_sets;
  bool traps_before_access = false;
  /** By register number; as far as they fit into a word. */
  std::vector<RegisterPlace> registers;
};

enum class Op {
  kNext,
  kJump,
  kBranch,
  kTestBranch,
  kLink,
  kJumpRegister,
  kSetRegister,
  kLoad,
  kCall,
  kCallRegister,
  kCallMemory,
  kPushRegister,
  kPushValue,
  kCountBranch
};

/** arch/plan.ts MemoryOperand; offsets of -1: none. */
struct MemoryOperand {
  int base_offset = -1;
  int index_offset = -1;
  int segment_base_offset = -1;
  uint64_t scale = 1;
  uint64_t displacement = 0;
  int bits = 64;
};

/** arch/plan.ts Effect, flattened. */
struct Effect {
  Op op = Op::kNext;
  uint64_t target = 0;
  /** FlagCondition. */
  size_t flags_offset = 0;
  uint64_t any_set = 0;
  uint64_t any_clear = 0;
  uint64_t differ_first = 0;
  uint64_t differ_second = 0;
  bool negate = false;
  /** call-memory. */
  MemoryOperand operand;
  /** call-register, call-memory, jump-register. */
  uint64_t barred_target_bits = 0;
  /** jump-register. */
  uint64_t ignored_target_bits = 0;
  uint64_t branch_type = 0;
  /** link, jump-register; -1: no register. */
  int link_offset = -1;
  /** push-register, call-register, jump-register, test-branch, set-register, load. */
  size_t register_offset = 0;
  /** push-value, set-register. */
  uint64_t value = 0;
  /** test-branch. */
  uint64_t tested_bits = 0;
  /** load. */
  uint64_t address = 0;
  size_t loaded_bytes = 0;
  bool is_signed = false;
  /** count-branch; `jump_when_zero` of test-branch as well. */
  size_t counter_offset = 0;
  int counter_bits = 64;
  bool decrement = false;
  bool jump_when_zero = false;
  uint64_t zero_flag_mask = 0;
  int zero_flag = -1;  // -1 any, 0 clear, 1 set
};

struct Fixups {
  bool return_address = false;
  bool link = false;
  bool syscall_registers = false;
  bool pushed_flags = false;
  bool any() const { return mustStep() || syscall_registers || pushed_flags; }
  /** What is to be repaired would be seen behind the slot. */
  bool mustStep() const { return return_address || link; }
};

enum class PlanKind { kEmulate, kSlot, kRefuse };

struct Plan {
  PlanKind kind = PlanKind::kRefuse;
  uint64_t length_bytes = 0;
  Effect effect;
  /** 0: there is none. */
  uint64_t slot = 0;
  uint32_t barred_branch_types = 0;
  bool is_in_sequence = false;
  /** What the program has where the trap is. */
  std::vector<uint8_t> original;
  /** The whole instruction, where it must be compared with what the program has; else empty. */
  std::vector<uint8_t> checked_text;
  /** The whole instruction; empty: it is not known. */
  std::vector<uint8_t> text;
};

/** What one owner of a breakpoint wants evaluated when it is hit. */
struct OwnerPrograms {
  int owner = 0;
  /** Agent expressions. The hit is the owner's when there is none, or one is true or fails. */
  std::vector<std::vector<uint8_t>> conditions;
  /** Evaluated when the hit is the owner's, who then does not hear of it. */
  std::vector<std::vector<uint8_t>> commands;
};

/** Every owner of a breakpoint of which at least one has programs. */
struct BreakpointPrograms {
  std::vector<OwnerPrograms> owners;
  /** Of a hardware breakpoint: its bit of the debug status. */
  uint64_t status_bits = 0;
};

/** What a hardware breakpoint or watchpoint covers. */
struct HardwareRange {
  uint64_t address = 0;
  uint64_t length_bytes = 0;
  bool is_executed = false;
  uint64_t status_bits = 0;
};

/** Breakpoints, watchpoints, or both. */
struct HardwareKinds {
  bool executed = false;
  bool accessed = false;
};

/** Memory under a write watchpoint of which only changes are told; breakpoint-types.ts NativeWatchedValue. */
struct WatchedValue {
  uint64_t address = 0;
  size_t length_bytes = 0;
  uint64_t status_bits = 0;
  /** As it was seen last; shorter: it could not be read. */
  std::vector<uint8_t> value;
};

/** From this offset of a slot on, as far as the next part, a thread is at `address`. */
struct SlotPart {
  uint64_t offset = 0;
  uint64_t address = 0;
};

/** A relocated instruction with a jump back behind it. Slots outlive their sites: a thread may still be
 * inside. */
struct Slot {
  uint64_t site = 0;
  uint64_t site_length_bytes = 0;
  /** Of all that is in it. */
  uint64_t size_bytes = 0;
  /** Of the instruction alone. */
  uint64_t slot_length_bytes = 0;
  uint64_t entry_offset = 0;
  /** By ascending offset. */
  std::vector<SlotPart> parts;
  Fixups fixups;
  uint64_t barred_stack_bits = 0;
  bool makes_system_call = false;
};

/** No instruction that makes a system call is longer. */
constexpr size_t kLongestCallBytes = 4;

/** The system calls that somebody wants to hear of. */
struct CaughtCalls {
  /** Sorted. */
  std::vector<int> numbers;
  /** All but those. */
  bool is_rest = false;

  bool any() const { return is_rest || !numbers.empty(); }
  bool has(int number) const;
  bool contains(const CaughtCalls& part) const;
};

/** Memory that goes into the list with an end of a call, from the address in an argument on. */
struct LoggedRead {
  static constexpr int kAll = -1;
  static constexpr int kResult = -2;

  bool is_return = false;
  /** Up to the first zero; else bytes. */
  bool is_string = false;
  /** Not behind a call that has failed. */
  bool needs_success = false;
  int argument = 0;
  /** The argument that has the number of elements, or kResult; kAll: as many as there may be. */
  int count_argument = kAll;
  uint32_t element_bytes = 1;
  uint32_t most_bytes = 0;
};

/** Which ends of caught calls go into a list (CallLog) instead of being told as stops. */
struct LoggedCalls {
  static constexpr uint8_t kLogged = 1;
  /** The thread waits until those above have had the list. */
  static constexpr uint8_t kWaits = 2;
  /** What is above belongs to the return, what is below to the entry. */
  static constexpr int kReturnShift = 2;

  /** By number. */
  std::vector<uint8_t> ends;
  uint8_t others = 0;
  std::unordered_map<int, std::vector<LoggedRead>> reads;

  uint8_t endsOf(int number) const;
};

/** A seccomp filter of ours in the program, which stops threads on their way into some calls. */
struct CallFilter {
  CaughtCalls calls;
  /** The data that it gives with each stop; 0: there is no filter. */
  unsigned long mark = 0;
  /** A filter of the program's own may come before it, and refuse a call without a stop. */
  bool is_outdone = false;

  /** What it gives when the program is about to add a filter of its own. */
  unsigned long addingMark() const { return mark + 1; }
  bool tellsOf(const CaughtCalls& wanted) const;
};

/** Which children nobody need hear of. */
struct QuietChildren {
  bool threads = false;
  bool processes = false;
};

/** What is known of a process's memory, and what it may do without a word to anybody; a child starts with a
 * copy. */
struct SpaceTables {
  Arch arch;
  bool dies_with_us = false;  // launched, or a child of what was
  std::unordered_map<uint64_t, Plan> sites;
  /** Of sites that may come back. */
  std::unordered_map<uint64_t, Plan> removed_sites;
  std::map<uint64_t, Slot> slots;
  /** By address; a site that is missing here is a hit for all of its owners. */
  std::unordered_map<uint64_t, BreakpointPrograms> programs;
  std::unordered_map<uint64_t, BreakpointPrograms> hardware_programs;
  uint64_t pass_signals = 0;  // bit n - 1: signal n is delivered without an event
  bool is_armed = false;      // it had sites or debug registers: threads may trap
  CaughtCalls caught_calls;
  LoggedCalls logged_calls;
  CallFilter call_filter;
  QuietChildren quiet_children;
  bool is_watched = false;  // some thread has a watchpoint: writes must be done by the program itself
};

/** A process's memory; several processes may have the same one, vfork(2), and then have equal sites and
 * slots. */
struct Space : SpaceTables {
  pid_t pid = 0;
  /** The process's memory, and the thread through which it was opened. */
  mutable ScopedFd memory;
  mutable pid_t memory_task = 0;
  std::vector<WatchedValue> watched_values;
  std::vector<HardwareRange> hardware_ranges;

  bool openMemory();
  size_t read(uint64_t address, void* into, size_t length_bytes) const;
  /**
   * Reads many ranges one behind the other into `into`, in few system calls; of each, as `read`, as much from
   * its start as can be read. `lengths` are those asked for, and afterwards those read; what was not is left
   * as it was.
   */
  void readRanges(const uint64_t* addresses, uint32_t* lengths, size_t count, uint8_t* into) const;
  /** As `read`, with the program's own bytes where there are sites. */
  size_t readOriginal(uint64_t address, void* into, size_t length_bytes) const;
  size_t write(uint64_t address, const void* from, size_t length_bytes) const;
  /**
   * Some kernels let a tracer write text only as long as the thread lives through which the memory was
   * opened. When that one has ended, the memory is opened through another. False: it lives, or none does.
   */
  bool changeMemoryTask() const;
  const Plan* siteAt(uint64_t address) const;
  void removeSite(uint64_t address);
  /** The plan that a site had which was removed; nullptr: it is not kept. */
  const Plan* removedSite(uint64_t address) const;
  void removeSlot(uint64_t address);
  /** Replaces those before; what both lists have keeps its value. */
  void watchValues(std::vector<WatchedValue> list);
  /** The bits of a debug status that are hits which nobody need hear of. */
  uint64_t unchangedWrites(uint64_t status);
  /** Whose hit a trap is that has an address, as bits of a debug status: the nearest's, since an access may
   * begin before the bytes that are watched. */
  uint64_t hardwareHits(uint64_t trap_address, uint64_t pc) const;
  HardwareKinds kindsOf(uint64_t status) const;
  /** The slot that contains `pc`: its address and itself. */
  std::optional<std::pair<uint64_t, const Slot*>> slotOf(uint64_t pc) const;
  bool passes(int signal) const {
    return signal >= 1 && signal <= 64 && (pass_signals >> (signal - 1) & 1) != 0;
  }
};

}  // namespace outstep
