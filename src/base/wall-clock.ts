/** The time of day in parts of a millisecond. */

let offsetMs = Date.now() - performance.now();

/**
 * Milliseconds since 1970, with parts of microseconds. `performance.now` has the parts, but drifts from the system's
 * clock when that is set or corrected (Node's manual, performance.timeOrigin), so it only counts within the millisecond
 * of `Date.now`.
 */
export function wallClockMs(): number {
  const wholeMs = Date.now();
  const estimateMs = offsetMs + performance.now();
  const timeMs = Math.min(Math.max(estimateMs, wholeMs), wholeMs + 1);
  offsetMs += timeMs - estimateMs;
  return timeMs;
}
