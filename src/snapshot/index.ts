/** What a process is at one moment, taken while it is stopped and told when it runs again. */

export { backtrace, type Frame } from './backtrace.js';
export { type CoreOptions, CoreTaker, type PendingCore } from './core-file.js';
export { type Demangler, demanglerFor } from './demangle.js';
export { KnownFiles } from './known-files.js';
export { MappedFiles } from './mapped-files.js';
export type { MemoryPiece } from './memory-pieces.js';
export { KnownMappings, type ProcessSnapshot, type ThreadSnapshot, takeSnapshot } from './snapshot.js';
export { stackJson, stackText } from './stack-text.js';
export { type ProcessStacks, type StackFrame, stacksOf, stacksWith, type ThreadStack } from './stacks.js';
