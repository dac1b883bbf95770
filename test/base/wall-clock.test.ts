import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import sinon from 'sinon';
import { wallClockMs } from '../../src/base/wall-clock.js';

describe('the time of day', () => {
  afterEach(() => sinon.restore());

  it('is within the millisecond that the system tells', () => {
    for (let round = 0; round < 1000; round++) {
      const before = Date.now();
      const timeMs = wallClockMs();
      const after = Date.now();
      assert.ok(before <= timeMs && timeMs <= after + 1, `${before} ${timeMs} ${after}`);
    }
  });

  it('has parts of milliseconds, and never goes back', () => {
    const times = Array.from({ length: 1000 }, wallClockMs);
    assert.ok(times.some((timeMs) => !Number.isInteger(timeMs)));
    for (const [index, timeMs] of times.entries()) assert.ok(timeMs >= (times[index - 1] ?? 0), `${index}`);
  });

  for (const stepMs of [-3_600_000, -5, 5, 3_600_000])
    it(`follows when the system's clock is set by ${stepMs} ms`, () => {
      const real = Date.now.bind(Date);
      sinon.stub(Date, 'now').callsFake(() => real() + stepMs);
      const before = Date.now();
      const timeMs = wallClockMs();
      assert.ok(before <= timeMs && timeMs <= Date.now() + 1);
    });
});
