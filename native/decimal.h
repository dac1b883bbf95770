#pragma once

#include <string_view>

namespace outstep {

/** The number that a text begins with, behind blanks; 0 without one. Not of the C library: its name depends
 * on which. */
int decimal(std::string_view text);

}  // namespace outstep
