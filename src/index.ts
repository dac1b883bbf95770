/**
 * What programs can use of Outstep: the tracer with its engines, and the GDB server as one of them. The client is a door of
 * its own, `outstep/client`, which needs neither Linux nor the addon.
 */
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
export { DebugLog, type DebugTopic, debugTopics } from './engines/gdb/debug-log.js';
export { GdbServer, type ServerConfig, type ServerConsole } from './engines/gdb/server.js';
export type { Transport } from './engines/gdb/transport.js';
