#include "guarded_stack.h"

#include <array>
#include <cstring>

#include "ptrace_ops.h"

namespace outstep::guarded_stack {

namespace {

/** PR_SHADOW_STACK_ENABLE, <linux/prctl.h>. */
constexpr uint64_t kEnabled = 1;

/** The regset as it is in a thread. */
class Regset {
 public:
  Regset(const Tracee& tracee, const Arch& arch)
      : tid_(tracee.tid), note_(arch.guarded_stack_note), pointer_offset_(arch.guarded_stack_pointer_offset) {
    if (note_ == 0 || tracee.runs_other_code) return;
    size_bytes_ = bytes_.size();
    bool is_read = ptrace_ops::getRegset(tid_, note_, bytes_.data(), &size_bytes_) == 0;
    is_used_ = is_read && size_bytes_ >= pointer_offset_ + sizeof(uint64_t) &&
               (word(arch.guarded_stack_enabled_offset) & kEnabled) != 0;
  }

  bool isUsed() const { return is_used_; }
  uint64_t pointer() const { return word(pointer_offset_); }

  bool setPointer(uint64_t value) {
    memcpy(bytes_.data() + pointer_offset_, &value, sizeof value);
    return ptrace_ops::setRegset(tid_, note_, bytes_.data(), size_bytes_) == 0;
  }

 private:
  uint64_t word(size_t offset) const {
    uint64_t value = 0;
    memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  pid_t tid_;
  int note_;
  size_t pointer_offset_;
  std::array<uint8_t, 64> bytes_ = {};
  size_t size_bytes_ = 0;
  bool is_used_ = false;
};

}  // namespace

bool push(const Tracee& tracee, const Space& space, uint64_t return_address) {
  Regset regset(tracee, space.arch);
  if (!regset.isUsed()) return true;
  uint64_t top = regset.pointer() - sizeof return_address;
  bool is_written = space.write(top, &return_address, sizeof return_address) == sizeof return_address;
  return is_written && regset.setPointer(top);
}

void replaceTop(const Tracee& tracee, const Space& space, uint64_t from, uint64_t to) {
  Regset regset(tracee, space.arch);
  uint64_t now = 0;
  if (!regset.isUsed() || space.read(regset.pointer(), &now, sizeof now) != sizeof now || now != from) return;
  space.write(regset.pointer(), &to, sizeof to);
}

}  // namespace outstep::guarded_stack
