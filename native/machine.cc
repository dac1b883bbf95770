#include "machine.h"

#include <sys/auxv.h>
#include <sys/utsname.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <elf.h>
#include <errno.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrace_ops.h"
#endif

namespace outstep {

namespace {

#if defined(__x86_64__)

void readProcessor(MachineFacts* facts) {
  facts->xsave.emplace();
  XsaveFacts& xsave = *facts->xsave;
  uint32_t eax, ebx, ecx, edx;
  constexpr uint32_t kOsxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & kOsxsave) == 0) return;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  xsave.xcr0 = static_cast<uint64_t>(high) << 32 | low;
  if (!__get_cpuid_count(0xd, 0, &eax, &ebx, &ecx, &edx)) return;
  xsave.size_bytes = ebx;
  for (uint32_t index = 2; index < 63; ++index) {
    if ((xsave.xcr0 >> index & 1) == 0) continue;
    __cpuid_count(0xd, index, eax, ebx, ecx, edx);
    xsave.components.push_back({index, ebx, eax});
  }
}

#elif defined(__aarch64__)

uint32_t vectorBytes(int request) {
  constexpr int kLengthMask = 0xffff;  // PR_SVE_VL_LEN_MASK and PR_SME_VL_LEN_MASK
  int answer = prctl(request, 0, 0, 0, 0);
  return answer < 0 ? 0 : static_cast<uint32_t>(answer & kLengthMask);
}

/** struct user_hwdebug_state has the number of slots in the lowest byte, <asm/ptrace.h>. */
uint32_t slotCount(pid_t stopped, int note_type) {
  struct {
    uint32_t info;
    uint32_t padding;
  } head = {};
  size_t size_bytes = sizeof head;
  return ptrace_ops::getRegset(stopped, note_type, &head, &size_bytes) == 0 ? head.info & 0xff : 0;
}

bool awaitChange(pid_t child, int* status) {
  pid_t changed;
  while ((changed = waitpid(child, status, 0)) < 0 && errno == EINTR) {
  }
  return changed == child;
}

/** Only the registers of a traced thread tell how many slots there are. */
void readDebugSlots(MachineFacts* facts) {
  pid_t child = fork();
  if (child < 0) return;
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  if (awaitChange(child, &status) && WIFSTOPPED(status)) {
    facts->breakpoint_slots = slotCount(child, NT_ARM_HW_BREAK);
    facts->watchpoint_slots = slotCount(child, NT_ARM_HW_WATCH);
    kill(child, SIGKILL);
    awaitChange(child, &status);
  }
}

void readProcessor(MachineFacts* facts) {
  constexpr int kGetStreamingLength = 64;  // PR_SME_GET_VL, which older headers lack
  facts->vector_bytes = vectorBytes(PR_SVE_GET_VL);
  facts->streaming_vector_bytes = vectorBytes(kGetStreamingLength);
  readDebugSlots(facts);
}

#endif

}  // namespace

MachineFacts machineFacts() {
  MachineFacts facts;
  utsname names = {};
  if (uname(&names) == 0) facts.machine = names.machine;
  facts.hwcap = getauxval(AT_HWCAP);
  facts.hwcap2 = getauxval(AT_HWCAP2);
  readProcessor(&facts);
  return facts;
}

}  // namespace outstep
