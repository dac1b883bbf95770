export { auxvLengthBytes, auxvTypes, auxvValue, parseAuxv } from './auxv.js';
export { type LoadedImage, lookUpSymbol } from './dynamic-symbols.js';
export { Evidence } from './evidence.js';
export { type LinkMapQuery, type LoadedObject, type LoadedObjects, loadedObjects } from './link-map.js';
export { interpreterPath, readProgramHeaders } from './program-headers.js';
export { type ProgramMemory, ProgramReader } from './program-reader.js';
export { ReadAhead } from './read-ahead.js';
export { threadLocalAddress } from './thread-local.js';
export type { ThreadPointer } from './thread-pointer.js';
