#include "wait_clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace outstep {

namespace {

constexpr long kPeriodNanoseconds = 2'000'000;
constexpr int kIdleTicksUntilStop = 8;

/** This thread's timer, whatever clocks it has, and its state, touched by its signal handler only on the same
 * thread. */
struct ThreadTimer {
  /** As the kernel has it: what a C library makes of it differs, and changed. */
  int timer = 0;
  bool is_created = false;
  volatile sig_atomic_t is_armed = 0;
  volatile sig_atomic_t is_waiting = 0;
  volatile sig_atomic_t idle_ticks = 0;

  ~ThreadTimer() {
    if (is_created) syscall(SYS_timer_delete, timer);
  }
};

thread_local ThreadTimer thread_timer;

int tickSignal() {
  return SIGRTMAX - 5;
}

void setPeriod(long nanoseconds) {
  itimerspec period = {{0, nanoseconds}, {0, nanoseconds}};
  syscall(SYS_timer_settime, thread_timer.timer, 0, &period, nullptr);
}

void onTick(int) {
  if (thread_timer.is_waiting) {
    thread_timer.idle_ticks = 0;
    return;
  }
  thread_timer.idle_ticks = thread_timer.idle_ticks + 1;
  if (thread_timer.idle_ticks < kIdleTicksUntilStop) return;
  int saved = errno;
  thread_timer.is_armed = 0;
  setPeriod(0);
  errno = saved;
}

}  // namespace

int WaitClock::begin() {
  if (!thread_timer.is_created) {
    struct sigaction action = {};
    action.sa_handler = onTick;  // no SA_RESTART: the tick is there to interrupt
    sigaction(tickSignal(), &action, nullptr);
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tickSignal();
    event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &thread_timer.timer) != 0) return errno;
    thread_timer.is_created = true;
  }
  thread_timer.is_waiting = 1;
  if (!thread_timer.is_armed) {
    thread_timer.is_armed = 1;
    thread_timer.idle_ticks = 0;
    setPeriod(kPeriodNanoseconds);
  }
  return 0;
}

void WaitClock::end() {
  thread_timer.is_waiting = 0;
}

int64_t WaitClock::nowMicroseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);  // vDSO: no system call
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace outstep
