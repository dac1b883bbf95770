/** What programs can use of Outstep: the tracer with its engines, and the GDB server as one of them. */
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
export * from './client/index.js';
export * from './core/index.js';
export { DebugLog, type DebugTopic, debugTopics } from './engines/gdb/debug-log.js';
export { GdbServer, type ServerConfig, type ServerConsole } from './engines/gdb/server.js';
export type { Transport } from './engines/gdb/transport.js';
