/** Where in an address space a page for slots can be mapped. */
import type { Mapping } from './proc.js';

const pageBytes = 4096n;
const lowestAddress = 0x10000n;
/** Behind it lies the kernel's part. */
const lastMapping = '[vsyscall]';

function isGrowing(maps: readonly Mapping[], end: bigint): boolean {
  return maps.some((mapping) => mapping.end === end && mapping.name === '[heap]');
}

function distanceTo(around: bigint): (at: bigint) => bigint {
  return (at) => (at > around ? at - around : around - at);
}

/**
 * Free pages, the one nearest to `around` first: the page before and the page after each free stretch's ends. Left out
 * is where the heap and the stack grow.
 */
export function gapsNear(maps: readonly Mapping[], around: bigint): readonly bigint[] {
  const candidates: bigint[] = [];
  let previousEnd = lowestAddress;
  for (const mapping of maps) {
    if (mapping.name === lastMapping) break;
    // A page of distance to both neighbours leaves them room to grow.
    if (mapping.start - previousEnd >= 4n * pageBytes && mapping.name !== '[stack]') {
      candidates.push(mapping.start - 2n * pageBytes);
      if (!isGrowing(maps, previousEnd)) candidates.push(previousEnd + pageBytes);
    }
    if (mapping.end > previousEnd) previousEnd = mapping.end;
  }
  const distance = distanceTo(around);
  return candidates.sort((a, b) => (distance(a) < distance(b) ? -1 : 1));
}
