/** How long the tests of this folder are. */
import process from 'node:process';

/** How often everything is done: OUTSTEP_SOAK_CYCLES, which `npm run soak` sets to a thousand. */
export const cycles = Number(process.env.OUTSTEP_SOAK_CYCLES ?? 60);

export const isLongRun = cycles >= 1000;

/** Of what takes a few milliseconds each time. */
export const quickCycles = isLongRun ? 10 * cycles : 3 * cycles;

export const soakLimitMs = 3_600_000;
