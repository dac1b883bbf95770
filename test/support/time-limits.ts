/**
 * How much longer everything may take on a slow machine, such as an emulated one: OUTSTEP_TEST_TIME_FACTOR. The bounds of
 * waits grow by it; mocha's own limits, which some tests set for themselves, give way to one for all.
 */
import Mocha from 'mocha';
import { timeFactor } from './bounded.js';

const slowTestMs = 600_000;

if (timeFactor > 1) {
  const runnable = Mocha.Runnable.prototype;
  const { timeout } = runnable;
  runnable.timeout = new Proxy(timeout, {
    apply: (original, self, limits) => Reflect.apply(original, self, limits.length === 0 ? [] : [slowTestMs]),
  });
}
