import type { Row } from '../row.js';
import { breakpointRows } from './breakpoints.js';
import { interruptRows } from './interrupts.js';
import { memoryRows } from './memory.js';
import { startRows } from './start.js';
import { steppingRows } from './stepping.js';
import { stormRows } from './storms.js';
import { systemCallRows } from './system-calls.js';
import { threadRows } from './threads.js';
import { tracedCallRows } from './traced-calls.js';

export const allRows: readonly Row[] = [
  ...startRows,
  ...steppingRows,
  ...breakpointRows,
  ...memoryRows,
  ...systemCallRows,
  ...tracedCallRows,
  ...stormRows,
  ...threadRows,
  ...interruptRows,
];
