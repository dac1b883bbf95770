/** The engine that traces system calls, its records, and their forms. */

export { classNames } from './call-classes.js';
export { CallSelection, SelectionError } from './call-selection.js';
export type { Escapes } from './decode/quoting.js';
export { errorNumberOf } from './decode/tables/errors.js';
export { signalName, signalNumber } from './decode/tables/signals.js';
export type { Injection, Occasions } from './injection.js';
export { jsonLine } from './output/json-log.js';
export { type CallStatus, callStatuses, onlyWith, statusOf } from './output/status-filter.js';
export { type Digits, type LineStyle, TextLog } from './output/text-log.js';
export type {
  AttachedRecord,
  CallRecord,
  ExitRecord,
  ReturnRecord,
  SignalRecord,
  StopRecord,
  SupersededRecord,
  TraceRecord,
} from './record.js';
export { StackReader } from './stack-reader.js';
export { Summary, type SummaryColumn, type SummaryStyle, summaryColumns } from './summary.js';
export { SyscallsEngine } from './syscalls-engine.js';
export type { DescriptorSet, TraceListener, TraceOptions } from './trace-options.js';
