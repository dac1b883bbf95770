/** One thread, or the current one, as something to work with. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import type { Call } from './calling-convention.js';
import type { Memory } from './memory.js';
import type { RegisterAccess } from './registers/register-access.js';
import type { SignalInfo } from './signal-info.js';
import type { StopEvent } from './stop-event.js';
import type { WaitOptions } from './wait-options.js';

/** One thread of the program; no request is made for having it. */
export interface Thread {
  readonly id: ThreadId;
  readonly registers: RegisterAccess;
  /** Of its process. */
  readonly memory: Memory;
  /** The call that it has just made, or come back from. */
  readonly call: Call;
  /** Whether the server still knows it. */
  isAlive(options?: WaitOptions): Promise<boolean>;
  /** One instruction, while the others stay as they are. */
  step(options?: WaitOptions): Promise<StopEvent | undefined>;
  /** What the kernel says of the signal that it stopped with. */
  signalInfo(options?: WaitOptions): Promise<SignalInfo>;
}
