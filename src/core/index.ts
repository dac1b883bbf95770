/** The core: processes traced through one tracer, and the engines attached to them. */
export { AddressSpace } from './address-space.js';
export { Attachment, type ThreadResume } from './attachment.js';
export type { BreakpointPrograms } from './breakpoint-programs.js';
export type { CaughtSystemCalls } from './caught-calls.js';
export type { Engine, EventAnswer, ResumeAction } from './engine.js';
export type { CoreEvent, EventKind, ExitStatus, ProcessEvent, ThreadEvent } from './event.js';
export type { ToldWrites } from './hardware-points.js';
export type { LaunchOptions } from './launch.js';
export type { Machine } from './machine.js';
export { Memory } from './memory.js';
export { hasMemoryTags, readMemoryTags, writeMemoryTags } from './memory-tags.js';
export { type Origin, Process } from './process.js';
export { Thread } from './thread.js';
export type { ThreadLineFormat } from './thread-stats.js';
export { Tracer } from './tracer.js';
export { mayRunUnasked, unaskedRunEnds } from './unasked-runs.js';
