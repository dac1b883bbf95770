#pragma once

#include <sys/types.h>

namespace outstep {

/** What the kernel refused: becomes a NativeError in JavaScript. `code` 0 means that nothing failed. */
struct Failure {
  int code = 0;
  const char* request = "";
  pid_t tid = 0;

  explicit operator bool() const { return code != 0; }
};

}  // namespace outstep
