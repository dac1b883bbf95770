#include "interrupted_sites.h"

namespace outstep::interrupted_sites {

namespace {

/** A handler that is left by longjmp(3) leaves its mark behind. */
constexpr size_t kMostMarks = 8;

/** Sets or clears the trap flag in the frame of a handler that returns to `site`. False: it is none. */
bool writeFlag(const Space& space, uint64_t flags_address, uint64_t pc_address, uint64_t site, bool is_set) {
  const Arch& arch = space.arch;
  uint64_t pc = 0;
  uint64_t flags = 0;
  size_t length_bytes = arch.register_bytes;
  bool is_read = space.read(pc_address, &pc, length_bytes) == length_bytes &&
                 space.read(flags_address, &flags, length_bytes) == length_bytes;
  bool has_flag = (flags & arch.trap_flag) != 0;
  // A program that single-steps itself keeps its own flag.
  if (!is_read || pc != site || has_flag == is_set) return false;
  flags ^= arch.trap_flag;
  return space.write(flags_address, &flags, length_bytes) == length_bytes;
}

}  // namespace

void mark(Tracee& tracee, const Space& space, uint64_t site) {
  const Arch& arch = space.arch;
  if (arch.trap_flag == 0) return;
  uint64_t sp = tracee.word(arch.sp_offset);
  for (const SignalFrame& frame : arch.signal_frames) {
    HandlerMark made = {site, sp + frame.pc_offset, sp + frame.flags_offset};
    if (!writeFlag(space, made.flags_address, made.pc_address, site, true)) continue;
    if (tracee.handler_marks.size() == kMostMarks) {
      const HandlerMark& oldest = tracee.handler_marks.front();
      writeFlag(space, oldest.flags_address, oldest.pc_address, oldest.site, false);
      tracee.handler_marks.erase(tracee.handler_marks.begin());
    }
    tracee.handler_marks.push_back(made);
    return;
  }
}

std::optional<uint64_t> takeReturn(Tracee& tracee, const Space& space) {
  const Arch& arch = space.arch;
  uint64_t flags = tracee.word(arch.flags_offset);
  if ((flags & arch.trap_flag) == 0) return std::nullopt;
  tracee.setWord(arch.flags_offset, flags & ~arch.trap_flag);
  uint64_t pc = tracee.word(arch.pc_offset);
  for (auto mark = tracee.handler_marks.rbegin(); mark != tracee.handler_marks.rend(); ++mark) {
    if (pc != mark->site && pc != mark->site + arch.breakpoint_pc_offset) continue;
    uint64_t site = mark->site;
    // Those above it are of handlers that were left.
    tracee.handler_marks.erase(std::prev(mark.base()), tracee.handler_marks.end());
    return site;
  }
  tracee.handler_marks.pop_back();
  return 0;
}

void unmark(Tracee& tracee, const Space& space) {
  for (const HandlerMark& mark : tracee.handler_marks) {
    writeFlag(space, mark.flags_address, mark.pc_address, mark.site, false);
  }
  tracee.handler_marks.clear();
}

}  // namespace outstep::interrupted_sites
