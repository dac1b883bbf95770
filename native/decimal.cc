#include "decimal.h"

#include <algorithm>
#include <charconv>

namespace outstep {

int decimal(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace outstep
