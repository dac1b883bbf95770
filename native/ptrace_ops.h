#pragma once

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace outstep::ptrace_ops {

/** Options of every seized thread, ptrace(2): its clones, forks, vforks and execs are seen. */
constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC;

/** All return 0 or an errno(3) value. */
int seize(pid_t tid, long options);
int interrupt(pid_t tid);
int listen(pid_t tid);
int resume(pid_t tid, int signal);
int singleStep(pid_t tid, int signal);
/** PTRACE_SYSCALL. */
int resumeToCall(pid_t tid, int signal);
int detach(pid_t tid, int signal);
/** Waits for the next stop of a thread: its wait status, or nothing when the thread has ended, which is left
 * to be waited for. */
std::optional<int> awaitStop(pid_t tid);
/** `*size_bytes` goes in as the room at `into` and comes out as what the kernel stored. */
int getRegset(pid_t tid, int note_type, void* into, size_t* size_bytes);
int setRegset(pid_t tid, int note_type, const void* from, size_t size_bytes);
/**
 * The general registers in the layout of this process's own machine, whatever code the thread runs. ENOSYS:
 * that layout has another size, or the machine has no such request.
 */
int getOwnRegisters(pid_t tid, void* into, size_t size_bytes);
int setOwnRegisters(pid_t tid, const void* from, size_t size_bytes);
int getSiginfo(pid_t tid, siginfo_t* into);
int setSiginfo(pid_t tid, const siginfo_t* from);
/** Whether a trap that the thread itself raised waits to be told of, PTRACE_PEEKSIGINFO. */
bool hasPendingTrap(pid_t tid);
/**
 * Whether a stopped thread has a signal to take that it does not block: of its own, or of its process's
 * (`of_process`). SIGKILL, SIGSTOP and SIGCONT do not count: they end a process, or take each other away.
 */
bool awaitsSignal(pid_t tid, bool of_process);
/** Tags of memory, one byte for each granule, from `address` on, which is one's start. `*count` goes in as
 * how many there is room for, or there are, and comes out as how many were transferred. */
int readTags(pid_t tid, uint64_t address, uint8_t* into, size_t* count);
int writeTags(pid_t tid, uint64_t address, const uint8_t* from, size_t* count);
int getEventMessage(pid_t tid, unsigned long* into);
int getSystemCallInfo(pid_t tid, __ptrace_syscall_info* into);
/** Whether it has calls from most addresses sent back to it: prctl(2), PR_SET_SYSCALL_USER_DISPATCH. */
bool dispatchesCalls(pid_t tid);
int peekUser(pid_t tid, size_t offset, uint64_t* into);
int pokeUser(pid_t tid, size_t offset, uint64_t value);
int peekData(pid_t tid, uint64_t address, uint64_t* into);
int pokeData(pid_t tid, uint64_t address, uint64_t value);

}  // namespace outstep::ptrace_ops
