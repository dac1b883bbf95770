/** Hardware breakpoints and watchpoints as lists. */
import type { DebugImage, HardwarePoint } from './module.js';

export function isSamePoint(a: HardwarePoint, b: HardwarePoint): boolean {
  return a.kind === b.kind && a.address === b.address && a.lengthBytes === b.lengthBytes;
}

/** Each of equal points once, the first. */
export function distinctPoints(points: readonly HardwarePoint[]): readonly HardwarePoint[] {
  return points.filter((point, index) => points.findIndex((one) => isSamePoint(one, point)) === index);
}

/** The points of an image whose slots have their bits in a status, each once. */
export function pointsHit({ slots }: DebugImage, status: bigint): readonly HardwarePoint[] {
  return pointsIn(slots.filter((_, slot) => ((status >> BigInt(slot)) & 1n) === 1n));
}

/** Those that slots serve. */
export function pointsIn(slots: readonly (HardwarePoint | undefined)[]): readonly HardwarePoint[] {
  return distinctPoints(slots.filter((point) => point !== undefined));
}
