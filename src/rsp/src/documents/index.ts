/**
 * `gdb-js-rsp-parser/documents`: the XML that `qXfer` transfers, as values in both directions. A door of its own: whoever
 * does without needs no parser of XML.
 */
export {
  type PlainLibrary,
  parsePlainLibraries,
  parseSvr4Libraries,
  parseSvr4Query,
  printPlainLibraries,
  printSvr4Libraries,
  printSvr4Query,
  type Svr4Library,
  type Svr4LibraryList,
  type Svr4Query,
} from './libraries.js';
export { type MemoryArea, parseMemoryMap, printMemoryMap } from './memory-map.js';
export { type OsData, type OsDataRow, parseOsData, printOsData } from './os-data.js';
export { type ListedThread, parseThreadList, printThreadList } from './threads.js';
export { parseTraceframeInfo, printTraceframeInfo, type TraceframePart } from './traceframe-info.js';
export {
  attribute,
  bigintAttribute,
  type Element,
  elementsNamed,
  optionalNumber,
  parseDocument,
} from './xml.js';
export { type Attributes, emptyElement, escapeXml, filledElement, hexAddress } from './xml-text.js';
