#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "space.h"

namespace outstep {

enum class RunState { kRunning, kStopped };

enum class ResumeMode { kContinue, kStep, kRangeStep, kBlockStep, kRangeRun, kListen };

/** What is under way besides plain running; decides how the next stop is read. */
enum class Phase {
  kPlain,
  /** One step of an instruction in a slot whose results need repair. */
  kSlotStep,
  /** A signal is being delivered to a thread that stands at a site: it enters a handler or meets the trap
     again. */
  kSignalStep,
  /** One step with the original bytes in place. */
  kInPlace,
};

/** A signal that is delivered behind the instruction at a site, so that its handler does not return to the
 * site. */
struct DeferredSignal {
  siginfo_t info;
  /** It was sent once more, because something else came first. */
  bool is_sent = false;
};

/** What an instruction may do to the flow of control; arch/flow.ts transferKinds. */
enum class Transfer : uint8_t { kInside, kNever, kMaybe, kAlways };

/** What a range step, a range run or a block step goes through. */
struct Range {
  uint64_t start = 0;
  uint64_t end = 0;
  /** kRangeStep: after so many more steps inside, the thread is handed up once; 0: never. */
  int steps_left = 0;
  /** kRangeRun: one bit for each byte of the range, set where an instruction begins. From there the thread
   * runs freely: sites are wherever it may leave. */
  std::vector<uint8_t> instructions;
  /** kRangeRun: no instruction leaves but to one of the sites, so that a thread may run in a slot, too. */
  bool is_enclosed = false;
  /** Block steps: a Transfer for each byte, of the instruction that begins there. Empty: nobody wants to
   * know.
   */
  std::vector<uint8_t> transfers;
  /** Of the instruction that is being executed, as far as `transfers` goes. */
  uint64_t at = 0;

  /** No instruction that is known. */
  static constexpr uint64_t kNowhere = ~uint64_t{0};

  Transfer transferAt(uint64_t address) const {
    uint64_t index = address - start;
    return index < transfers.size() ? static_cast<Transfer>(transfers[index]) : Transfer::kInside;
  }
  /** Of what is behind an instruction, as long as there is something known. */
  uint64_t behind(uint64_t address) const {
    do {
      ++address;
    } while (contains(address) && transferAt(address) == Transfer::kInside);
    return address;
  }
  /** Whether no branch was taken from `at` to `pc`; `is_partly_done`: the instruction is not over yet. */
  bool staysInBlock(uint64_t pc, bool is_partly_done) const {
    Transfer transfer = transferAt(at);
    if (pc == at && transfer != Transfer::kInside) return is_partly_done || transfer == Transfer::kNever;
    bool may_go_on = transfer == Transfer::kNever || transfer == Transfer::kMaybe;
    return may_go_on && pc == behind(at);
  }

  bool contains(uint64_t address) const { return address >= start && address < end; }
  bool isInstruction(uint64_t address) const {
    if (!contains(address)) return false;
    uint64_t index = address - start;
    return index / 8 < instructions.size() && (instructions[index / 8] >> (index % 8) & 1) != 0;
  }
};

/** The frame of a signal handler that interrupted the instruction at a site; see interrupted_sites.h. */
struct HandlerMark {
  uint64_t site = 0;
  uint64_t pc_address = 0;
  uint64_t flags_address = 0;
  /** The bit that marks it was set before. */
  bool was_set = false;
};

/** One traced thread. */
struct Tracee {
  pid_t tid = 0;
  int space = -1;
  /** Of a program that was launched, or a child of one: ends with the Tracer. */
  bool is_launched = false;
  /** Those above know of it. */
  bool is_reported = true;
  RunState state = RunState::kRunning;
  ResumeMode mode = ResumeMode::kContinue;
  Phase phase = Phase::kPlain;
  Range range;
  /** The last step has taken a branch, as far as `range.transfers` tells. */
  bool has_transferred = false;
  /** kSlotStep: the slot. kSignalStep, kInPlace: the site. */
  uint64_t phase_address = 0;
  /** Stopped inside its execve: the next step would end on the way out of it, before any instruction of the
   * program. */
  bool is_in_exec = false;
  /** PTRACE_INTERRUPT was called and no stop handed up since; a stop that is not handed up takes it away. */
  bool is_interrupted = false;
  /** Stopped on the way into a system call or inside one, and let run since only as far as its end is
   * reported. */
  bool is_in_call = false;
  /** Its stop by a filter of ours is about to be read as that of a call's beginning. */
  bool is_at_filter = false;
  /** Of the call that it is in, when its beginning was seen; else -1. */
  int call_number = -1;
  /** The beginning of that call was logged. */
  bool is_call_logged = false;
  /** Of that call: the kernel may put the result in the place of one. */
  std::array<uint64_t, 6> call_arguments = {};
  /** It was last stopped on the way out of a call, and let run to the beginning of the next one. */
  bool is_between_calls = false;
  /** The slot that it was let run into and may still be inside of; 0: none. */
  uint64_t entered_slot = 0;
  /** Stopped for a core dump that takes its process with it, and out of its slot: it stays so until its end.
   */
  bool awaits_end = false;
  /** It stopped inside a slot: its trap, if it is one, is the program's own. */
  bool was_in_slot = false;
  /** kSlotStep over pushf: the program itself had the trap flag set. */
  bool program_traps = false;
  /**
   * The site that this thread has reached and that was told of: going on passes it. 0: none; a thread that
   * stands at a site without having been told of it meets the trap.
   */
  uint64_t hit_site = 0;
  std::optional<DeferredSignal> deferred_signal;
  /** The site of a system call that was interrupted and that the kernel is about to make again: not to be
   * counted again. 0: none. */
  uint64_t restart_site = 0;
  /** The slot of a system call that it has stopped at before the call or in it, with the pc gone back already
   * (`rewinds_calls_early`); 0: none. */
  uint64_t rewound_slot = 0;
  std::vector<HandlerMark> handler_marks;
  /** A handler that had interrupted a site has just returned: to that site, or elsewhere (0). */
  std::optional<uint64_t> returned_to;
  /** Its interrupt stop was given up for a trap that came before: unless that is told, it must stop again. */
  bool owes_stop = false;
  /** The instruction that a debug register has stopped it before, which was told of: it goes past it with all
   * of them off. 0: none. */
  uint64_t hit_access = 0;
  HardwareKinds hit_kinds;
  /** Of the last step past one: which, and what was off. */
  uint64_t passed_access = 0;
  HardwareKinds passed_kinds;
  /** The kernel has the pc at the site already that `general` has it behind. */
  bool is_moved_back = false;
  /** It was let run since its stop was looked at. */
  bool was_resumed = false;
  /** By PTRACE_SINGLESTEP. */
  bool is_stepping = false;
  /** They are off for the one step that is under way, or were for the one that has ended. */
  bool is_unwatched = false;
  bool was_unwatched = false;
  /** What they were set to, by regset. */
  std::map<int, std::vector<uint8_t>> debug_sets;
  /** The owners whose hit `hit_site`, or the hardware breakpoint at the pc, is; nothing: every owner's. */
  std::optional<std::vector<int>> hit_owners;
  /** The general regset, read at most once per stop and stored at most once, before the thread runs. */
  std::vector<uint8_t> general;
  bool is_general_valid = false;
  /** Something else than the pc was changed. */
  bool is_general_dirty = false;
  bool is_pc_dirty = false;
  /** Where its Tracer keeps those whose registers may have to be stored. */
  std::vector<pid_t>* changed = nullptr;
  bool is_in_changed = false;

  /** The kernel has the regset of another machine for it: it executes a program, or code of the other width.
   */
  bool runs_other_code = false;
  /** The width of the registers in `general`. */
  size_t register_bytes = sizeof(uint64_t);

  /** A register of `general`, extended with zeros. */
  uint64_t word(size_t offset) const {
    if (register_bytes == sizeof(uint32_t)) return read<uint32_t>(offset);
    return read<uint64_t>(offset);
  }
  /** Cut to the width of a register. */
  void setWord(size_t offset, uint64_t value) {
    if (register_bytes == sizeof(uint32_t)) {
      write(offset, static_cast<uint32_t>(value));
    } else {
      write(offset, value);
    }
    noteChange();
  }
  /** As `setWord`; storing nothing but the pc costs less. */
  void setPc(const Arch& arch, uint64_t value) {
    bool was_dirty = is_general_dirty;
    setWord(arch.pc_offset, value);
    is_pc_dirty = true;
    is_general_dirty = was_dirty || arch.pc_user_offset < 0;
  }
  /** `general` must be stored before the thread runs. */
  void noteChange() {
    is_general_dirty = true;
    if (changed == nullptr || is_in_changed) return;
    changed->push_back(tid);
    is_in_changed = true;
  }
  /** What is in `general` is not the thread's any more. */
  void discardGeneral() {
    is_general_valid = false;
    is_general_dirty = false;
    is_pc_dirty = false;
  }

 private:
  template <typename Word>
  Word read(size_t offset) const {
    Word value;
    memcpy(&value, general.data() + offset, sizeof value);
    return value;
  }
  template <typename Word>
  void write(size_t offset, Word value) {
    memcpy(general.data() + offset, &value, sizeof value);
  }
};

/** Fetches the general regset when it is not at hand. False: the thread is gone. */
bool loadGeneral(Tracee& tracee, const Arch& arch);
/** False: it cannot be read. */
bool loadThreadPointer(Tracee& tracee, const Arch& arch, uint64_t* pointer);
/** Stores the general regset when it was changed. False: the thread is gone. */
bool storeGeneral(Tracee& tracee, const Arch& arch);

}  // namespace outstep
