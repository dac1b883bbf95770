#pragma once

namespace outstep {

/**
 * Whether the kernel sends SIGCHLD for the stops of traced threads. While a thread waits for them in
 * waitid(2) the signals would only cost handler runs, so SA_NOCLDSTOP is set on the handler that libuv
 * installed; exits are always signalled. The setting is the process's: it is on while any tracer of it wants
 * signals.
 */
class StopSignals {
 public:
  ~StopSignals() { set(false); }
  void set(bool wanted);

 private:
  bool wanted_ = false;
  bool is_applied_ = false;
};

}  // namespace outstep
