export { type AuxvEntry, auxvLengthBytes, auxvTypes, auxvValue, parseAuxv } from './auxv.js';
export { buildIdOf } from './build-id.js';
export { type LoadedImage, lookUpSymbol } from './dynamic-symbols.js';
export { Evidence } from './evidence.js';
export {
  debugPointerAddress,
  type LinkMapQuery,
  type LoadedObject,
  type LoadedObjects,
  loadedObjects,
  loaderBreakpoint,
} from './link-map.js';
export {
  interpreterPath,
  readHeaderTable,
  readProgramHeaders,
  segment,
  segmentTypes,
} from './program-headers.js';
export { type PointerBytes, type ProgramMemory, ProgramReader } from './program-reader.js';
export { ReadAhead } from './read-ahead.js';
export { threadLocalAddress } from './thread-local.js';
export type { ThreadPointer } from './thread-pointer.js';
