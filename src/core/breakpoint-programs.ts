/** Agent expressions that decide whether the hit of a breakpoint is its owner's, and what happens then. */
import { errorCodes, OutstepError } from '../base/errors.js';
import { nativeBinding } from '../native/binding.js';
import type { NativeBreakpointPrograms } from '../native/binding-types.js';

/** Bytecode of GDB's manual, appendix "The GDB Agent Expression Mechanism". */
export interface BreakpointPrograms {
  /** The owner hears of a hit when there is none, or when one is true or cannot be evaluated. */
  readonly conditions?: readonly Uint8Array[];
  /** Evaluated when the owner would hear of the hit, instead of telling it. */
  readonly commands?: readonly Uint8Array[];
}

/** Who wants a breakpoint. */
export interface BreakpointOwner {
  readonly id: number;
}

export const noPrograms: BreakpointPrograms = {};

export function hasPrograms({ conditions = [], commands = [] }: BreakpointPrograms): boolean {
  return conditions.length + commands.length > 0;
}

/** UNSUPPORTED for a program that can never be evaluated. */
export function programsFault({
  conditions = [],
  commands = [],
}: BreakpointPrograms): OutstepError | undefined {
  for (const program of [...conditions, ...commands]) {
    const fault = nativeBinding().agentExpressionFault(program);
    if (fault === undefined) continue;
    return new OutstepError(errorCodes.UNSUPPORTED, `an agent expression cannot be evaluated: ${fault}`);
  }
  return undefined;
}

/** @throws OutstepError UNSUPPORTED as `programsFault` has it */
export function checkPrograms(programs: BreakpointPrograms): void {
  const fault = programsFault(programs);
  if (fault !== undefined) throw fault;
}

/** What native code must know of a breakpoint; undefined: every hit is told to every owner. */
export function nativePrograms(
  owners: ReadonlyMap<BreakpointOwner, BreakpointPrograms>,
): NativeBreakpointPrograms | undefined {
  if (![...owners.values()].some(hasPrograms)) return undefined;
  const rows = [...owners].map(([{ id }, { conditions = [], commands = [] }]) => ({
    owner: id,
    conditions,
    commands,
  }));
  return { owners: rows };
}
