/**
 * What programs can use of Outstep: the tracer with its engines, and the GDB server as one of them. The client is a door of
 * its own, `outstep/client`, which needs neither Linux nor the addon.
 */
export type {
  GuardedStack,
  HardwarePoint,
  Register,
  RegisterFile,
  RegisterRole,
  RegsetAccess,
  RegsetRow,
  RegsetSpan,
} from '../arch/module.js';
export type { SystemCallTable } from '../arch/system-call-table.js';
export { systemCallsOf } from '../arch/system-calls.js';
export {
  type ErrorCode,
  errorCodes,
  isOutstepError,
  OutstepError,
} from './base/errors.js';
export {
  type Address,
  address,
  type KernelSignal,
  kernelSignal,
  type Pid,
  pid,
  type Tid,
  tid,
} from './base/ids.js';
export * from './core/index.js';
export * from './engines/crash/index.js';
export { DebugLog, type DebugTopic, debugTopics } from './engines/gdb/debug-log.js';
export { GdbServer } from './engines/gdb/server.js';
export type { ProgramTerminal, ServerConfig } from './engines/gdb/server-config.js';
export { type ServerConsole, type ServerStatus, textConsole } from './engines/gdb/status.js';
export type { Transport } from './engines/gdb/transport.js';
export * from './engines/scripted/index.js';
export {
  type AttachedRecord,
  type CallRecord,
  CallSelection,
  type DescriptorSet,
  type Digits,
  type Escapes,
  type ExitRecord,
  type Injection,
  jsonLine,
  type LineStyle,
  type Occasions,
  type ReturnRecord,
  SelectionError,
  type SignalRecord,
  StackReader,
  type StopRecord,
  Summary,
  type SummaryColumn,
  type SummaryStyle,
  type SupersededRecord,
  SyscallsEngine,
  summaryColumns,
  TextLog,
  type TraceListener,
  type TraceOptions,
  type TraceRecord,
} from './engines/syscalls/index.js';
export * from './engines/watch/index.js';
export {
  type Details as EventDetails,
  type EventRecord,
  type SignalOrigin,
  type SignalSender,
  signalOrigin,
} from './event-log/index.js';
export {
  KnownMappings,
  type MemoryPiece,
  type ProcessSnapshot,
  type ProcessStacks,
  type StackFrame,
  stacksOf,
  stackText,
  type ThreadSnapshot,
  type ThreadStack,
  takeSnapshot,
} from './snapshot/index.js';
