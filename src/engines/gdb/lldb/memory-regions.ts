/** Mappings as LLDB knows them: what may be done there, what lies there, and the gaps between. */
import type { Reply } from 'gdb-js-rsp-parser';
import type { Address } from '../../../base/ids.js';
import { hasMemoryTags, type Process } from '../../../core/index.js';

export type RegionFacts = Extract<Reply<'qMemoryRegionInfo'>, { kind: 'region' }>['region'];

/** Of mappings that the kernel names itself, proc(5). */
const types: Readonly<Record<string, string>> = { '[stack]': 'stack', '[heap]': 'heap' };

export function describeRegion(process: Process, at: Address): RegionFacts {
  const region = process.addressSpace.memoryMap.regionAt(process, at);
  const place = { start: region.start, lengthBytes: region.end - region.start };
  if (region.kind === 'gap') return place;
  const type = types[region.name];
  return {
    ...place,
    permissions: region.permissions.slice(0, 3).replaceAll('-', ''),
    ...(region.name === '' ? {} : { name: region.name }),
    flags: isTagged(process, at) ? 'mt' : '',
    ...(type === undefined ? {} : { types: [type] }),
  };
}

function isTagged(process: Process, at: Address): boolean {
  const thread = process.taggedMemory === undefined ? undefined : process.threadForCalls();
  return thread !== undefined && hasMemoryTags(thread, at);
}
