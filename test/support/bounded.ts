/** No wait of the tests is without an end: it fails, and says what it waited for and what was seen instead. */

export class WaitTimeout extends Error {
  override readonly name = 'WaitTimeout';
}

/**
 * Waits for `promise`, at most `timeoutMs`.
 * @param describe says what was waited for and shows the last output; called only when the time is over.
 * @throws WaitTimeout with that text
 */
export async function bounded<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
  describe: () => string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WaitTimeout(`not within ${timeoutMs} ms: ${describe()}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
