#include "tracee.h"

#include "ptrace_ops.h"

namespace outstep {

bool loadGeneral(Tracee& tracee, const Arch& arch) {
  if (tracee.is_general_valid) return true;
  tracee.general.resize(arch.general_size_bytes);
  tracee.register_bytes = arch.register_bytes;
  size_t size_bytes = tracee.general.size();
  if (ptrace_ops::getRegset(tracee.tid, arch.general_note, tracee.general.data(), &size_bytes) != 0)
    return false;
  tracee.is_general_valid = true;
  tracee.is_general_dirty = false;
  return true;
}

bool storeGeneral(Tracee& tracee, const Arch& arch) {
  if (!tracee.is_general_dirty) return true;
  tracee.is_general_dirty = false;
  return ptrace_ops::setRegset(tracee.tid, arch.general_note, tracee.general.data(), tracee.general.size()) ==
         0;
}

}  // namespace outstep
