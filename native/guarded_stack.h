#pragma once

#include <cstdint>

#include "space.h"
#include "tracee.h"

/**
 * The second stack, of return addresses only, that the CPU compares returns with. Calls that are carried out
 * in the thread's stead must be noted there. "Guarded Control Stack support for AArch64 Linux".
 */
namespace outstep::guarded_stack {

/** False: the thread has one, and the address could not be put there. */
bool push(const Tracee& tracee, const Space& space, uint64_t return_address);

/** Where `from` is on top it becomes `to`. */
void replaceTop(const Tracee& tracee, const Space& space, uint64_t from, uint64_t to);

}  // namespace outstep::guarded_stack
