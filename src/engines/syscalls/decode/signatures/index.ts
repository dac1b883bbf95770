/** What the calls take and return, by their names; the manual pages of section 2. Those that are missing are shown as registers. */
import type { Signature } from '../call-facts.js';
import { descriptorCalls } from './descriptors.js';
import { fileCalls } from './files.js';
import { memoryCalls } from './memory.js';
import { networkCalls } from './network.js';
import { processCalls } from './processes.js';
import { signalCalls } from './signals.js';
import { timeCalls } from './times.js';

export const signatures: ReadonlyMap<string, Signature> = new Map(
  [descriptorCalls, fileCalls, memoryCalls, networkCalls, processCalls, signalCalls, timeCalls].flatMap(
    (calls) => Object.entries(calls),
  ),
);
