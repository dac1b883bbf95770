#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

/**
 * System calls without a C library, for a program that has to run on any machine, whatever C library is
 * there. Results are as the kernel has them: -errno for an error.
 */
namespace outstep::bare {

#if defined(__x86_64__)

/** syscall(2): rcx and r11 are the kernel's. */
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  long result;
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                   : "rcx", "r11", "memory");
  return result;
}

/** The stack is aligned to 16 bytes at a program's entry, and at a call before the return address. */
#define OUTSTEP_ENTRY(function) \
  __asm__(".text\n.globl _start\n_start:\n xor %ebp, %ebp\n call " function "\n hlt\n")

#elif defined(__aarch64__)

inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  register long which __asm__("x8") = number;
  register long first __asm__("x0") = a;
  register long second __asm__("x1") = b;
  register long third __asm__("x2") = c;
  register long fourth __asm__("x3") = d;
  register long fifth __asm__("x4") = e;
  __asm__ volatile("svc #0"
                   : "+r"(first)
                   : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                   : "memory");
  return first;
}

#define OUTSTEP_ENTRY(function) \
  __asm__(".text\n.globl _start\n_start:\n mov x29, #0\n mov x30, #0\n bl " function "\n brk #1\n")

#endif

inline long pointer(const void* address) {
  return static_cast<long>(reinterpret_cast<uintptr_t>(address));
}

inline int open(const char* path, int flags) {
  return static_cast<int>(call(SYS_openat, AT_FDCWD, pointer(path), flags));
}

inline void close(int fd) {
  call(SYS_close, fd);
}

inline long write(int fd, const void* bytes, size_t length) {
  return call(SYS_write, fd, pointer(bytes), static_cast<long>(length));
}

inline long readAt(int fd, void* bytes, size_t length, uint64_t offset) {
  return call(SYS_pread64, fd, pointer(bytes), static_cast<long>(length), static_cast<long>(offset));
}

inline long writeAt(int fd, const void* bytes, size_t length, uint64_t offset) {
  return call(SYS_pwrite64, fd, pointer(bytes), static_cast<long>(length), static_cast<long>(offset));
}

inline long control(int fd, unsigned long request, void* argument) {
  return call(SYS_ioctl, fd, static_cast<long>(request), pointer(argument));
}

inline long receive(int fd, msghdr* message, int flags) {
  return call(SYS_recvmsg, fd, pointer(message), flags);
}

inline int makeEpoll() {
  return static_cast<int>(call(SYS_epoll_create1, EPOLL_CLOEXEC));
}

inline long changeEpoll(int epoll, int operation, int fd, epoll_event* event) {
  return call(SYS_epoll_ctl, epoll, operation, fd, pointer(event));
}

/** Without a timeout. */
inline long waitEpoll(int epoll, epoll_event* event) {
  return call(SYS_epoll_pwait, epoll, pointer(event), 1, -1, 0);
}

/** The id of the child, 0 in the child. */
inline long fork() {
  return call(SYS_clone, SIGCHLD);
}

inline long trace(int request, int tid, long address = 0, const void* data = nullptr) {
  return call(SYS_ptrace, request, tid, address, pointer(data));
}

/** Traces a thread without stopping it. */
inline long seize(int tid) {
  return trace(PTRACE_SEIZE, tid);
}

inline long detach(int tid, int signal) {
  return call(SYS_ptrace, PTRACE_DETACH, tid, 0, signal);
}

/** Until the child or tracee stops or ends: its id. */
inline long wait(int tid, int* status) {
  constexpr long kOfAnyKind = 0x40000000;  // __WALL, <linux/wait.h>
  long result;
  while ((result = call(SYS_wait4, tid, pointer(status), kOfAnyKind)) == -EINTR) {
  }
  return result;
}

/** As `wait`, without waiting; 0: nothing has happened. */
inline long lookForStop(int tid, int* status) {
  constexpr long kOfAnyKindAtOnce = 0x40000001;  // __WALL, WNOHANG, <linux/wait.h>
  return call(SYS_wait4, tid, pointer(status), kOfAnyKindAtOnce);
}

inline long readDirectory(int fd, void* entries, size_t length) {
  return call(SYS_getdents64, fd, pointer(entries), static_cast<long>(length));
}

inline void sleep(long nanoseconds) {
  timespec time = {0, nanoseconds};
  call(SYS_nanosleep, pointer(&time));
}

/** Of SIGCHLD: children that end are nobody's business. */
inline void ignore(int signal) {
  /** The kernel's own struct sigaction. */
  struct {
    long handler = 1;
    unsigned long flags = 0;
    unsigned long restorer = 0;
    uint64_t mask = 0;
  } action;
  call(SYS_rt_sigaction, signal, pointer(&action), 0, sizeof action.mask);
}

inline void closeFrom(unsigned first) {
  if (call(SYS_close_range, first, ~0U, 0) == 0) return;
  rlimit most = {};
  call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, pointer(&most));
  for (unsigned fd = first; fd < most.rlim_cur; ++fd) close(static_cast<int>(fd));
}

[[noreturn]] inline void exit(int status) {
  while (true) call(SYS_exit_group, status);
}

}  // namespace outstep::bare
