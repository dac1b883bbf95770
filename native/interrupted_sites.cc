#include "interrupted_sites.h"

#include <cstring>

namespace outstep::interrupted_sites {

namespace {

/** A handler that is left by longjmp(3) leaves its mark behind. */
constexpr size_t kMostMarks = 8;

/** Changes the bit in the frame of a handler that returns to the site, if it is as it should be. False: it is
 * none. */
bool flipBit(const Space& space, const HandlerMark& mark, bool is_set) {
  const Arch& arch = space.arch;
  uint64_t pc = 0;
  uint64_t flags = 0;
  size_t length_bytes = arch.register_bytes;
  bool is_read = space.read(mark.pc_address, &pc, length_bytes) == length_bytes &&
                 space.read(mark.flags_address, &flags, length_bytes) == length_bytes;
  bool has_bit = (flags & arch.return_mark) != 0;
  if (!is_read || pc != mark.site || has_bit != is_set) return false;
  flags ^= arch.return_mark;
  return space.write(mark.flags_address, &flags, length_bytes) == length_bytes;
}

void takeBack(const Space& space, const HandlerMark& mark) {
  flipBit(space, mark, !mark.was_set);
}

/** Whether what is left of the frame says that its handler returned to the site: nothing was put there since.
 */
bool wasReturnedFrom(const Tracee& tracee, const Space& space, const HandlerMark& mark) {
  const Arch& arch = space.arch;
  // There the frame has the registers in the order of the general set, up to the flags.
  size_t length_bytes = arch.pc_offset + arch.register_bytes;
  std::vector<uint8_t> frame(length_bytes);
  if (space.read(mark.pc_address - arch.pc_offset, frame.data(), length_bytes) != length_bytes) return false;
  if (arch.return_mark == 0) return memcmp(frame.data(), tracee.general.data(), length_bytes) == 0;
  uint64_t pc = 0;
  memcpy(&pc, frame.data() + arch.pc_offset, arch.register_bytes);
  return pc == mark.site;
}

}  // namespace

void mark(Tracee& tracee, const Space& space, uint64_t site) {
  const Arch& arch = space.arch;
  uint64_t sp = tracee.word(arch.sp_offset);
  bool is_set = (tracee.word(arch.flags_offset) & arch.return_mark) != 0;
  for (const SignalFrame& frame : arch.signal_frames) {
    HandlerMark made = {site, sp + frame.pc_offset, sp + frame.flags_offset, is_set};
    // A program that single-steps itself keeps its own flag, which the kernel takes from its handlers.
    if (!flipBit(space, made, is_set)) continue;
    if (tracee.handler_marks.size() == kMostMarks) {
      takeBack(space, tracee.handler_marks.front());
      tracee.handler_marks.erase(tracee.handler_marks.begin());
    }
    tracee.handler_marks.push_back(made);
    return;
  }
}

std::optional<uint64_t> takeReturn(Tracee& tracee, const Space& space) {
  const Arch& arch = space.arch;
  uint64_t flags = tracee.word(arch.flags_offset);
  bool is_set = (flags & arch.return_mark) != 0;
  bool has_bit = arch.return_mark != 0;
  bool traps = has_bit && arch.return_mark == arch.trap_flag;
  if (has_bit && is_set == tracee.handler_marks.back().was_set) return std::nullopt;
  if (has_bit) tracee.setWord(arch.flags_offset, flags ^ arch.return_mark);
  uint64_t pc = tracee.word(arch.pc_offset);
  for (auto mark = tracee.handler_marks.rbegin(); mark != tracee.handler_marks.rend(); ++mark) {
    if (pc != mark->site && pc != mark->site + arch.breakpoint_pc_offset) continue;
    if (!traps && !wasReturnedFrom(tracee, space, *mark)) break;
    uint64_t site = mark->site;
    // Those above it are of handlers that were left.
    tracee.handler_marks.erase(std::prev(mark.base()), tracee.handler_marks.end());
    return site;
  }
  if (!has_bit) return std::nullopt;
  tracee.handler_marks.pop_back();
  return 0;
}

void unmark(Tracee& tracee, const Space& space) {
  for (const HandlerMark& mark : tracee.handler_marks) takeBack(space, mark);
  tracee.handler_marks.clear();
}

}  // namespace outstep::interrupted_sites
