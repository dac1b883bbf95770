#include "tracee.h"

#include <errno.h>

#include <algorithm>
#include <utility>

#include "ptrace_ops.h"

namespace outstep {

namespace {

/** The kernel refuses room that is no whole number of its words, which are those of the code that runs. */
size_t roomFor(size_t size_bytes) {
  constexpr size_t kWordBytes = sizeof(uint64_t);
  return (size_bytes + kWordBytes - 1) / kWordBytes * kWordBytes;
}

}  // namespace

bool loadGeneral(Tracee& tracee, const Arch& arch) {
  if (tracee.is_general_valid) return true;
  tracee.general.resize(roomFor(arch.general_size_bytes));
  tracee.register_bytes = arch.register_bytes;
  size_t size_bytes = tracee.general.size();
  if (ptrace_ops::getRegset(tracee.tid, arch.general_note, tracee.general.data(), &size_bytes) != 0)
    return false;
  tracee.runs_other_code = size_bytes != arch.general_size_bytes;
  if (tracee.runs_other_code &&
      ptrace_ops::getOwnRegisters(tracee.tid, tracee.general.data(), arch.general_size_bytes) != 0) {
    std::fill(tracee.general.begin(), tracee.general.end(), 0);
  }
  tracee.discardGeneral();
  tracee.is_general_valid = true;
  return true;
}

bool loadThreadPointer(Tracee& tracee, const Arch& arch, uint64_t* pointer) {
  if (arch.thread_pointer_note == Arch::kUserArea)
    return ptrace_ops::peekUser(tracee.tid, arch.thread_pointer_offset, pointer) == 0;
  if (arch.thread_pointer_note == arch.general_note) {
    if (!loadGeneral(tracee, arch)) return false;
    *pointer = tracee.word(arch.thread_pointer_offset);
    return true;
  }
  std::vector<uint8_t> regset(arch.thread_pointer_offset + arch.register_bytes);
  size_t size_bytes = regset.size();
  int code = ptrace_ops::getRegset(tracee.tid, arch.thread_pointer_note, regset.data(), &size_bytes);
  if (code != 0 || size_bytes != regset.size()) return false;
  memcpy(pointer, regset.data() + arch.thread_pointer_offset, arch.register_bytes);
  return true;
}

bool storeGeneral(Tracee& tracee, const Arch& arch) {
  bool is_dirty = std::exchange(tracee.is_general_dirty, false);
  bool is_pc_dirty = std::exchange(tracee.is_pc_dirty, false);
  if (!is_dirty && !is_pc_dirty) return true;
  if (!is_dirty && !tracee.runs_other_code) {
    auto offset = static_cast<size_t>(arch.pc_user_offset);
    return ptrace_ops::pokeUser(tracee.tid, offset, tracee.word(arch.pc_offset)) == 0;
  }
  const uint8_t* from = tracee.general.data();
  if (!tracee.runs_other_code)
    return ptrace_ops::setRegset(tracee.tid, arch.general_note, from, arch.general_size_bytes) == 0;
  return ptrace_ops::setOwnRegisters(tracee.tid, from, arch.general_size_bytes) != ESRCH;
}

}  // namespace outstep
