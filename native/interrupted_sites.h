#pragma once

#include <cstdint>

#include "tracee.h"

/**
 * A signal handler that interrupted the instruction at a site returns to the site: the same execution goes
 * on, which was told of, and must not be counted again. Whether a handler returns at all, and where to, only
 * the program knows; so the trap flag is set in the flags that it will return with. Then the thread meets the
 * trap of the site with the flag set, or traps behind the first instruction elsewhere; a thread that comes
 * along another way has no such flag.
 */
namespace outstep::interrupted_sites {

/** The thread stands at the first instruction of a handler that interrupted it at `site`. */
void mark(Tracee& tracee, const Space& space, uint64_t site);

/**
 * To be called at every stop of a thread that has marks: takes the flag away from one that a handler returned
 * with. The site that it has returned to, or 0 when it returned elsewhere; nothing: it did not return.
 */
std::optional<uint64_t> takeReturn(Tracee& tracee, const Space& space);

/** Takes the marks out of the memory of a thread that is let go. */
void unmark(Tracee& tracee, const Space& space);

}  // namespace outstep::interrupted_sites
