#pragma once

#include <cstdint>

#include "tracee.h"

/**
 * A signal handler that interrupted the instruction at a site returns to the site: the same execution goes
 * on, which was told of, and must not be counted again. Whether a handler returns at all, and where to, only
 * the program knows; so a bit is changed in the flags that it will return with: the trap flag, or where there
 * is none one that makes no difference to results. Then the thread meets the trap of the site with the bit
 * changed, or has it elsewhere, with the trap flag right behind the first instruction; a thread that comes
 * along another way has the bit as it was. Without the trap flag nothing tells of a return elsewhere: then
 * what the handler has left of its frame must say that it returned to the site. Where there is no bit at all
 * the thread must have the very registers that the frame had for it.
 */
namespace outstep::interrupted_sites {

/** The thread stands at the first instruction of a handler that interrupted it at `site`. */
void mark(Tracee& tracee, const Space& space, uint64_t site);

/**
 * To be called at every stop of a thread that has marks: puts back the bit of one that a handler returned
 * with. The site that it has returned to, or 0 when it returned elsewhere; nothing: it did not return.
 */
std::optional<uint64_t> takeReturn(Tracee& tracee, const Space& space);

/** Takes the marks out of the memory of a thread that is let go. */
void unmark(Tracee& tracee, const Space& space);

}  // namespace outstep::interrupted_sites
