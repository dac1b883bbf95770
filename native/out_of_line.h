#pragma once

#include "tracee.h"

namespace outstep::out_of_line {

enum class Start {
  /** pc is not at a site, or was moved: resume as asked. */
  kReady,
  /** The instruction was emulated; the thread stands behind it. */
  kEmulated,
  /** pc was moved into a slot that ends in a jump back. */
  kInSlot,
  /** pc was moved into a slot whose instruction must be stepped and repaired, whatever is asked for. */
  kMustStep,
  /** Must be stepped in place. */
  kRefused,
};

/** Prepares the step past the site at the thread's pc. The general regset must be loaded. */
Start start(Tracee& tracee, const Space& space, const Plan& plan);

/** Whether a thread stopped behind a system call that was interrupted, and that the kernel makes again unless
 * a handler runs. */
bool isRestarting(const Tracee& tracee, const Arch& arch);

/**
 * Reads a thread that stopped as if it were at the original instruction: a pc inside a slot becomes the
 * original one, or the next instruction when the slot's was executed, and what the slot's instruction left
 * behind is repaired. True: it was inside.
 */
bool translate(Tracee& tracee, const Space& space);

/** As `translate`, of what the frame of a signal handler at whose first instruction the thread stands says.
 */
void translateFrame(const Tracee& tracee, const Space& space);

/**
 * Before a signal is delivered to a thread that stands at the site of a system call: where the kernel decides
 * with the signal whether the call is made again, and compares the pc for it, the thread goes back into its
 * slot.
 */
void returnToCall(Tracee& tracee, const Space& space);

/** Repairs after a step in a slot (Phase::kSlotStep) that executed the instruction; before `translate`. */
void repairAfterStep(Tracee& tracee, const Space& space);

}  // namespace outstep::out_of_line
