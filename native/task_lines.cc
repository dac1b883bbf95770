#include "task_lines.h"

#include <string.h>

#include <charconv>

namespace outstep {

namespace {

void appendNumber(std::string* into, int value, int base) {
  char digits[16];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, base);
  into->append(digits, end);
}

void appendBytes(std::string* into, const uint64_t& value, size_t length_bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  for (size_t index = 0; index < length_bytes; ++index) {
    into->push_back(kDigits[bytes[index] >> 4]);
    into->push_back(kDigits[bytes[index] & 0xf]);
  }
}

}  // namespace

std::string taskLines(const TaskLineFormat& format, const TaskColumns& tasks,
                      const std::function<std::string(std::string_view comm)>& nameText) {
  constexpr size_t kUsualLineBytes = 96;
  std::string lines;
  lines.reserve(tasks.tids.size() * kUsualLineBytes);
  std::string name;
  for (size_t index = 0; index < tasks.tids.size(); ++index) {
    const char* comm = tasks.comms + index * kCommBytes;
    bool is_same = index > 0 && memcmp(comm, comm - kCommBytes, kCommBytes) == 0;
    if (!is_same) name = nameText({comm, strnlen(comm, kCommBytes)});
    lines += format.before_id;
    appendNumber(&lines, tasks.tids[index], 16);
    lines += format.before_cpu;
    appendNumber(&lines, tasks.cpus[index], 10);
    lines += format.before_name;
    lines += name;
    if (tasks.pointers != nullptr && tasks.pointers[index] != 0) {
      lines += format.before_pointer;
      appendBytes(&lines, tasks.pointers[index], tasks.pointer_bytes);
    }
    lines += format.end;
  }
  return lines;
}

}  // namespace outstep
