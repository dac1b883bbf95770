/** The core: processes traced through one tracer, and the engines attached to them. */
export type {
  NativePacketRepeater as PacketRepeater,
  NativeStopForm as StopForm,
} from '../native/socket-types.js';
export { AddressSpace } from './address-space.js';
export { Attachment, type BreakpointWish, type ThreadResume } from './attachment.js';
export type { BreakpointPrograms } from './breakpoint-programs.js';
export type {
  CallLogging,
  LoggedCall,
  LoggedCalls,
  LoggedEnd,
  LoggedMemory,
  LoggedRead,
} from './call-log.js';
export { type CallSet, type CaughtSystemCalls, callSetOf, unionOf, wishFor } from './call-set.js';
export { type CallEvent, CurrentCall, callOf } from './current-call.js';
export type { Answer, Engine, EventAnswer, ResumeAction, RunAction } from './engine.js';
export type { CoreEvent, EventKind, ExitStatus, HitOwners, ProcessEvent, ThreadEvent } from './event.js';
export { GeneralRegisters } from './general-registers.js';
export type { ToldWrites } from './hardware-points.js';
export type { LaunchOptions, ProgramStdio } from './launch.js';
export { letRun } from './let-run.js';
export type { LoadedProgram } from './loaded-program.js';
export type { Machine } from './machine.js';
export { Memory, type ReadRange, type WriteRange } from './memory.js';
export { type MemoryRegion, protections } from './memory-map.js';
export { hasMemoryTags, readMemoryTags, writeMemoryTags } from './memory-tags.js';
export { openTerminal } from './open-terminal.js';
export {
  commandName,
  commandWords,
  elfIdentity,
  type Mapping,
  mappingPieces,
  mappings,
  mappingsText,
  mappingTextPieces,
  type ProcessOwner,
  parseMappings,
  processOwner,
  statusField,
} from './proc.js';
export { type Origin, Process } from './process.js';
export {
  type AuxvEntry,
  auxvTypes,
  auxvValue,
  type LinkMapQuery,
  type LoadedObject,
  type LoadedObjects,
  type PointerBytes,
  parseAuxv,
} from './program/index.js';
export { avoidsSteps } from './range-run.js';
export * from './refusal/index.js';
export { type RegisterRequest, readRegisters } from './register-batch.js';
export { type StopKind, Thread, type ThreadState } from './thread.js';
export type { ThreadLineFormat } from './thread-stats.js';
export { Tracer, type WarningListener } from './tracer.js';
export { mayRunUnasked, unaskedRunEnds } from './unasked-runs.js';
