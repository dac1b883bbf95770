/** A client of GDB's remote protocol, for any server: scripts, tests, tools. */
export type { GdbSignal, SignalStop, StopReason, ThreadId } from 'gdb-js-rsp-parser';
export type { MemoryArea } from 'gdb-js-rsp-parser/documents';
export type { AuxiliaryEntry } from './auxiliary-vector.js';
export type { Breakpoint, BreakpointOptions, Breakpoints, WatchpointOptions } from './breakpoints.js';
export type { Call } from './calling-convention.js';
export {
  ClientError,
  type ClientErrorCode,
  type ClientErrorDetails,
  clientErrorCodes,
  hasCode,
} from './client-error.js';
export type { ConnectOptions, ContinueOptions } from './connect-options.js';
export { disassemble, type Instruction } from './disassemble.js';
export type { Endpoint } from './endpoint.js';
export type { FileStatus, Files, OpenOptions, RemoteFile } from './files.js';
export type { Library } from './libraries.js';
export type { AddressLike, Memory } from './memory.js';
export type { MappedMemory } from './memory-regions.js';
export type { ObjectOptions } from './objects.js';
export type { Processes, ProcessInfo, RunOptions } from './processes.js';
export type { ProgramObjects } from './program-objects.js';
export type { RegisterAccess, SavedRegisters } from './registers/register-access.js';
export type { BitField, RegisterType, StructField, TypeField } from './registers/register-type.js';
export type { ByteOrder, RegisterValue } from './registers/register-value.js';
export type { RegisterDescription, TargetDescription } from './registers/target-description.js';
export type { Answer } from './requester.js';
export { RspClient } from './rsp-client.js';
export type { ResumeAction, RunMode } from './run-control.js';
export type { Script, ScriptContext } from './script-context.js';
export type { SignalInfo } from './signal-info.js';
export type { ByteStreams } from './socket.js';
export type { Command, ReverseServer, SpawnedServer } from './spawned-server.js';
export type { StopEvent } from './stop-event.js';
export type { SymbolKind } from './symbols/elf-file.js';
export type { ProgramSymbol, SymbolOptions, SymbolPlace, Symbols } from './symbols/symbols.js';
export type { Thread } from './thread.js';
export type { ThreadInfo } from './threads.js';
export type { WaitOptions } from './wait-options.js';
