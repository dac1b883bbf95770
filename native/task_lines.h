#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace outstep {

/** comm with its NUL, TASK_COMM_LEN in <linux/sched.h>. */
constexpr size_t kCommBytes = 16;

/** What stands before each field of a line, and at its end. */
struct TaskLineFormat {
  std::string before_id;
  std::string before_cpu;
  std::string before_name;
  std::string before_pointer;
  std::string end;
};

/** What is known of tasks, one of each for every task. */
struct TaskColumns {
  std::vector<pid_t> tids;
  const int32_t* cpus = nullptr;
  /** kCommBytes for each, padded with NUL. */
  const char* comms = nullptr;
  /** 0: left out, as everywhere when there are none. */
  const uint64_t* pointers = nullptr;
  /** Of a pointer, in memory order. */
  size_t pointer_bytes = 0;
};

/**
 * A line for each task: id in hex, CPU in decimal, name, thread pointer as pairs of hex digits. `nameText`
 * makes of a comm what stands in the line; it is asked once for all tasks in a row that have the same.
 */
std::string taskLines(const TaskLineFormat& format, const TaskColumns& tasks,
                      const std::function<std::string(std::string_view comm)>& nameText);

}  // namespace outstep
