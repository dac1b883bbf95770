/**
 * A system call made by the program on our behalf. Signals are blocked meanwhile (PTRACE_SETSIGMASK), so that
 * it cannot end in a handler; what comes stays pending for the program, but for SIGSTOP, which cannot be
 * blocked and is sent once more afterwards.
 *
 * There are two ways, and both end in a signal-delivery stop: another one would lose the signal that the
 * thread is to go on with, and the end of a call that was interrupted before. A program that dies with us
 * steps over an instruction in the vDSO; SIGTRAP is not blocked then, since the step itself raises it, and
 * forcing a blocked signal resets the program's handler. A program that would outlive us makes the call in
 * code of ours that ends in a jump to itself, between the stops of PTRACE_SYSCALL: no trap flag is left in
 * it, and the sentinel finds it there. It is stopped there by a SIGURG, which does the least harm if nobody
 * is there any more to take it.
 */
#include "system_call.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "ptrace_ops.h"

namespace outstep {

namespace {

constexpr size_t kKernelMaskBytes = 8;
/** Event stops (a pending interrupt, a group stop) may come before the step is done. */
constexpr int kMostStops = 8;

/** si_code of event stops has the event above the lowest byte, ptrace(2) PTRACE_GETSIGINFO. */
constexpr int kFirstEventCode = 0x100;

constexpr uint64_t allBut(int signal) {
  return ~(uint64_t{1} << (signal - 1));
}

std::optional<uint64_t> signalMask(pid_t tid) {
  uint64_t mask = 0;
  if (ptrace(PTRACE_GETSIGMASK, tid, kKernelMaskBytes, &mask) != 0) return std::nullopt;
  return mask;
}

/** Changes the signal mask of a thread for as long as this lives. */
class BlockedSignals {
 public:
  BlockedSignals(pid_t tid, std::optional<uint64_t> before, uint64_t signals) : tid_(tid), before_(before) {
    if (before_) ptrace(PTRACE_SETSIGMASK, tid_, kKernelMaskBytes, &signals);
  }
  ~BlockedSignals() {
    if (before_) ptrace(PTRACE_SETSIGMASK, tid_, kKernelMaskBytes, &*before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  pid_t tid_;
  std::optional<uint64_t> before_;
};

/** What the program would get when it goes on: told again after the stops that the call causes. */
class KeptSignalInfo {
 public:
  explicit KeptSignalInfo(pid_t tid) : tid_(tid) {
    is_kept_ = ptrace_ops::getSiginfo(tid_, &info_) == 0 && info_.si_code < kFirstEventCode;
  }
  ~KeptSignalInfo() {
    if (is_kept_) ptrace_ops::setSiginfo(tid_, &info_);
  }
  KeptSignalInfo(const KeptSignalInfo&) = delete;
  KeptSignalInfo& operator=(const KeptSignalInfo&) = delete;

 private:
  pid_t tid_;
  siginfo_t info_;
  bool is_kept_ = false;
};

bool isSignalStop(int status, int signal) {
  return WSTOPSIG(status) == signal && status >> 16 == 0;
}

/** PTRACE_O_TRACESYSGOOD. */
bool isCallStop(int status) {
  return WSTOPSIG(status) == (SIGTRAP | 0x80);
}

/** Code of ours in the program for as long as this lives, with the sentinel looking after the thread that is
 * in it. */
class Parking {
 public:
  Parking(SentinelClient* sentinel, const Tracee& tracee, const Space& space, const SystemCall& call,
          std::optional<uint64_t> signal_mask)
      : sentinel_(sentinel), space_(space), handle_(tracee.space), address_(call.parking) {
    const Arch& arch = space.arch;
    size_t length_bytes = call.parking_code.size();
    if (sentinel == nullptr || address_ == 0 || !signal_mask || tracee.runs_other_code ||
        arch.general_size_bytes > sentinel::kLargestRegsetBytes)
      return;
    original_.resize(length_bytes);
    if (space.read(address_, original_.data(), length_bytes) != length_bytes) return;
    sentinel::ParkedCall record;
    record.tid = tracee.tid;
    record.general_note = arch.general_note;
    record.general_size_bytes = static_cast<uint32_t>(arch.general_size_bytes);
    record.pc_offset = static_cast<uint32_t>(arch.pc_offset);
    record.register_bytes = static_cast<uint32_t>(arch.register_bytes);
    record.code_length_bytes = static_cast<uint32_t>(length_bytes);
    record.code_address = address_;
    record.signal_mask = *signal_mask;
    record.blocked_signals = allBut(SIGURG);
    std::copy_n(tracee.general.begin(), arch.general_size_bytes, record.general);
    is_guarded_ = sentinel->beginCall(handle_, space, record, original_.data(), call.parking_code);
    is_open_ = is_guarded_ && space.write(address_, call.parking_code.data(), length_bytes) == length_bytes;
  }
  ~Parking() {
    if (!is_guarded_) return;
    sentinel_->endCall();
    space_.write(address_, original_.data(), original_.size());
    sentinel_->unguard(handle_, address_);
  }
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  bool isOpen() const { return is_open_; }

 private:
  SentinelClient* sentinel_;
  const Space& space_;
  int handle_;
  uint64_t address_;
  std::vector<uint8_t> original_;
  bool is_guarded_ = false;
  bool is_open_ = false;
};

/** What came for the program meanwhile that could not stay pending. */
struct TakenSignals {
  bool stop = false;
  bool urgent = false;
};

/** Every try to do the call; false when the thread has not come to the end of it. */
bool stepOver(Tracee& tracee, const Arch& arch, uint64_t instruction, TakenSignals* taken) {
  for (int stops = 0; stops < kMostStops; ++stops) {
    if (!storeGeneral(tracee, arch)) return false;
    tracee.is_general_valid = false;
    int code = ptrace_ops::singleStep(tracee.tid, 0);
    std::optional<int> status = code == 0 ? ptrace_ops::awaitStop(tracee.tid) : std::nullopt;
    if (!status || !loadGeneral(tracee, arch)) return false;
    taken->stop = taken->stop || isSignalStop(*status, SIGSTOP);
    // A filter has stopped it on its way into the call.
    if (*status >> 16 == PTRACE_EVENT_SECCOMP) continue;
    if (tracee.word(arch.pc_offset) != instruction) return true;
  }
  return false;
}

/** How our own signal is known. */
const char kOurs = 0;

bool sendUrgent(pid_t pid, pid_t tid) {
  siginfo_t info = {};
  info.si_signo = SIGURG;
  info.si_code = SI_QUEUE;
  info.si_value.sival_ptr = const_cast<char*>(&kOurs);
  return syscall(SYS_rt_tgsigqueueinfo, pid, tid, SIGURG, &info) == 0;
}

/** Where one of the program's own was pending there is no other. */
bool isOurs(pid_t tid) {
  siginfo_t info = {};
  return ptrace_ops::getSiginfo(tid, &info) == 0 && info.si_code == SI_QUEUE &&
         info.si_value.sival_ptr == &kOurs;
}

/** As `stepOver`, in parking code. */
bool runParked(Tracee& tracee, const Space& space, TakenSignals* taken) {
  if (!storeGeneral(tracee, space.arch)) return false;
  tracee.is_general_valid = false;
  int call_stops = 0;
  for (int stops = 0; stops < kMostStops; ++stops) {
    bool is_made = call_stops == 2;
    int code = is_made ? ptrace_ops::resume(tracee.tid, 0) : ptrace_ops::resumeToCall(tracee.tid, 0);
    std::optional<int> status = code == 0 ? ptrace_ops::awaitStop(tracee.tid) : std::nullopt;
    if (!status) return false;
    taken->stop = taken->stop || isSignalStop(*status, SIGSTOP);
    if (isSignalStop(*status, SIGURG)) {
      taken->urgent = taken->urgent || !isOurs(tracee.tid);
      if (is_made) return loadGeneral(tracee, space.arch);
    }
    // At its beginning, and at its end.
    if (isCallStop(*status) && ++call_stops == 2 && !sendUrgent(space.pid, tracee.tid)) return false;
  }
  return false;
}

}  // namespace

std::optional<uint64_t> callSystem(Tracee& tracee, const Space& space, const SystemCall& call,
                                   SentinelClient* sentinel) {
  const Arch& arch = space.arch;
  if (!loadGeneral(tracee, arch)) return std::nullopt;
  std::vector<uint8_t> saved = tracee.general;
  KeptSignalInfo kept(tracee.tid);
  std::optional<uint64_t> result;
  TakenSignals taken;
  {
    std::optional<uint64_t> mask = signalMask(tracee.tid);
    Parking parking(sentinel, tracee, space, call, mask);
    uint64_t instruction = parking.isOpen() ? call.parking : call.instruction;
    BlockedSignals blocked(tracee.tid, mask, allBut(parking.isOpen() ? SIGURG : SIGTRAP));
    for (size_t index = 0; index < call.args.size() && index < call.argument_offsets.size(); ++index) {
      tracee.setWord(call.argument_offsets[index], call.args[index]);
    }
    tracee.setWord(call.number_offset, call.number);
    if (call.restart_offset >= 0) tracee.setWord(static_cast<size_t>(call.restart_offset), ~uint64_t{0});
    tracee.setWord(arch.pc_offset, instruction);
    tracee.setWord(arch.flags_offset, tracee.word(arch.flags_offset) & ~arch.branch_target_flags);
    bool is_made =
        parking.isOpen() ? runParked(tracee, space, &taken) : stepOver(tracee, arch, instruction, &taken);
    if (is_made) result = tracee.word(call.result_offset);
    // A call leaves it as it is, and only from now on it is shown.
    if (is_made && arch.syscall_end_mark_offset >= 0) {
      auto offset = static_cast<size_t>(arch.syscall_end_mark_offset);
      std::copy_n(tracee.general.begin() + offset, arch.register_bytes, saved.begin() + offset);
    }
    tracee.general = saved;
    tracee.is_general_valid = true;
    tracee.noteChange();
    if (parking.isOpen()) storeGeneral(tracee, arch);
  }
  if (taken.stop) syscall(SYS_tkill, tracee.tid, SIGSTOP);
  if (taken.urgent) syscall(SYS_tkill, tracee.tid, SIGURG);
  return result;
}

}  // namespace outstep
