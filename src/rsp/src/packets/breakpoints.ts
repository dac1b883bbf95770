/** Breakpoints and watchpoints (GDB manual, "Packets", "z0 packet"; "Agent Expressions"). */
import { member, optionalAt, record, repeated } from '../format/compose.js';
import type { Format } from '../format/format.js';
import { decimalNumber, hexBigint, hexNumber, zeroOrOne } from '../format/values.js';
import { agentExpression } from './agent-expression.js';
import { ok } from './answers.js';
import { packet } from './row.js';

const expression = record('X', member('bytes', agentExpression));

/** A trap of this kind of the architecture; GDB writes the kind in decimal for `Z0`, and in hex for `Z1`. */
function trap(kind: Format<number>) {
  return record(
    ',',
    member('address', hexBigint),
    ',',
    member('trapKind', kind),
    // It stops where one of them is true.
    optionalAt(';X', ';', member('conditions', repeated(expression, 1))),
    // They are run, and the thread goes on; with `persists` even when the client is gone.
    optionalAt(
      ';cmds:',
      ';cmds:',
      member('persists', zeroOrOne),
      ',',
      member('commands', repeated(expression, 1)),
    ),
  );
}

const softwareTrap = trap(decimalNumber);
const hardwareTrap = trap(hexNumber);
const watched = record(',', member('address', hexBigint), ',', member('lengthBytes', hexNumber));

export const breakpointPackets = [
  packet('Z0', softwareTrap, ok),
  packet('z0', softwareTrap, ok),
  packet('Z1', hardwareTrap, ok),
  packet('z1', hardwareTrap, ok),
  /** Writes. */
  packet('Z2', watched, ok),
  packet('z2', watched, ok),
  /** Reads. */
  packet('Z3', watched, ok),
  packet('z3', watched, ok),
  /** Both. */
  packet('Z4', watched, ok),
  packet('z4', watched, ok),
] as const;
