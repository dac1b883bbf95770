/** No wait of the tests is without an end: it fails, and says what it waited for and what was seen instead. */
import process from 'node:process';

/** Bounds are for an idle machine of today; `time-limits.ts` says more. */
export const timeFactor = Number(process.env.OUTSTEP_TEST_TIME_FACTOR ?? 1);

export class WaitTimeout extends Error {
  override readonly name = 'WaitTimeout';
}

/**
 * Waits for `promise`, at most `timeoutMs`, times the machine's factor.
 * @param describe says what was waited for and shows the last output; called only when the time is over.
 * @throws WaitTimeout with that text
 */
export async function bounded<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
  describe: () => string,
): Promise<Value> {
  const limitMs = timeoutMs * timeFactor;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WaitTimeout(`not within ${limitMs} ms: ${describe()}`)), limitMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
