#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "space.h"

namespace outstep::agent {

/**
 * Appends what printf(3) in a C program would print, with its escape sequences: integers, characters,
 * pointers and strings of the program. Returns why it cannot be done, or nullptr. `args` must be as many as
 * the directives that take one.
 */
const char* format(std::string_view pattern, std::span<const uint64_t> args, const Space& space,
                   std::string* text);

}  // namespace outstep::agent
