/** The event loop of the tests, which the core and its native waits share with everybody else. */

/** So many turns in which a timer that is due is served: nobody else keeps the loop to himself. */
export async function turnsOfTimers(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
