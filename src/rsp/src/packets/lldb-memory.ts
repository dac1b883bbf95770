/** LLDB: memory, modules, registers and breakpoints (LLDB's "GDB Remote Protocol Extensions"). */
import {
  choice,
  flag,
  key,
  keyed,
  member,
  optional,
  record,
  separated,
  tolerated,
} from '../format/compose.js';
import { json, shaped } from '../format/json.js';
import { binary, decimalNumber, hexBigint, hexNumber, hexText, plainText } from '../format/values.js';
import { hexValue, nothing, ok } from './answers.js';
import { breakpointRequests, breakpointResults, moduleFacts, moduleQueries } from './lldb-json.js';
import { packet } from './row.js';

const plain = plainText(';');

/** A mapping, or, without permissions, a gap between two. */
export const memoryRegion = keyed({
  start: key('start', hexBigint),
  lengthBytes: key('size', hexBigint),
  /** A subset of `rwx`. */
  permissions: key('permissions', plain),
  name: key('name', hexText),
  /** `mt`: the memory has tags; `ss`: it is a shadow stack. */
  flags: key('flags', plain),
  types: key('type', separated(plainText(',;', 1), ',')),
  dirtyPages: key('dirty-pages', separated(hexBigint, ',')),
  error: key('error', hexText),
});

/** What `qRegisterInfo` tells of a register. Numbers are decimal, but for the lists. */
const registerFacts = keyed({
  name: key('name', plain),
  alternativeName: key('alt-name', plain),
  bits: key('bitsize', decimalNumber),
  offsetBytes: key('offset', decimalNumber),
  encoding: key('encoding', plain),
  format: key('format', plain),
  set: key('set', plain),
  ehFrameNumber: key('ehframe', decimalNumber),
  oldEhFrameNumber: key('gcc', decimalNumber),
  dwarfNumber: key('dwarf', decimalNumber),
  role: key('generic', plain),
  containers: key('container-regs', separated(hexNumber, ',')),
  invalidates: key('invalidate-regs', separated(hexNumber, ',')),
});

const module = keyed({
  uuid: key('uuid', hexText),
  md5: key('md5', hexText),
  triple: key('triple', hexText),
  filePath: key('file_path', hexText),
  fileOffset: key('file_offset', hexNumber),
  fileBytes: key('file_size', hexNumber),
});

const anyJson = choice({ json: record(member('json', json)) });

const trace = record(':', member('json', json));

export const lldbMemoryPackets = [
  packet(
    'qMemoryRegionInfo',
    record(optional(':', member('address', hexBigint))),
    choice({ ok: record('OK'), region: record(member('region', memoryRegion)) }),
  ),
  packet('_M', record(member('lengthBytes', hexNumber), ',', member('permissions', plainText())), hexValue, {
    isUnseparated: true,
  }),
  packet('_m', record(member('address', hexBigint)), ok, { isUnseparated: true }),
  packet(
    'qWatchpointSupportInfo',
    record(flag('hasColon', ':')),
    choice({ slots: record('num:', member('count', decimalNumber), tolerated(';')) }),
  ),
  packet(
    'qModuleInfo',
    record(':', member('path', hexText), ';', member('triple', hexText)),
    choice({ module: record(member('module', module)) }),
  ),
  packet(
    'jModulesInfo',
    record(':', member('modules', shaped('module-queries', moduleQueries))),
    choice({ modules: record(member('modules', shaped('module-facts', moduleFacts))) }),
  ),
  packet('qFileLoadAddress', record(':', member('path', hexText)), hexValue),
  packet('qShlibInfoAddr', nothing, hexValue),
  packet(
    'qRegisterInfo',
    record(member('number', hexNumber)),
    choice({ register: record(member('register', registerFacts)) }),
    { isUnseparated: true },
  ),
  packet(
    'jMultiBreakpoint',
    record(':', member('requests', shaped('breakpoint-requests', breakpointRequests))),
    choice({ results: record(member('results', shaped('breakpoint-results', breakpointResults))) }),
  ),
  packet('jAddressSpacesInfo', nothing, anyJson),
  packet('jAcceleratorPluginInitialize', nothing, anyJson),
  packet('jAcceleratorPluginBreakpointHit', trace, anyJson),
  packet('jGetLoadedDynamicLibrariesInfos', trace, anyJson),
  packet('jGetSharedCacheInfo', trace, anyJson),
  packet('jGetDyldProcessState', nothing, anyJson),
  packet('jLLDBTraceSupported', nothing, anyJson),
  packet('jLLDBTraceStart', trace, ok),
  packet('jLLDBTraceStop', trace, ok),
  packet('jLLDBTraceGetState', trace, anyJson),
  packet('jLLDBTraceGetBinaryData', trace, choice({ data: record(member('bytes', binary)) })),
] as const;
