/** What files say of the code in them: segments, functions, call frames. */
export { type ByteSource, ElfFile } from './elf-file.js';
export { FrameIndex } from './frame-index.js';
export { type FrameRules, frameRulesAt } from './frame-rules.js';
export { type FunctionSymbol, SymbolTable } from './symbol-table.js';
export { type CallerFrame, callerByRules, type FrameRegisters, type StackMemory } from './unwind.js';
