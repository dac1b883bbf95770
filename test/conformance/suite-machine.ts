/** The machine that servers and test programs run on, as far as a run of the suite has to know it. */

export const machineNames = ['host', 'aarch64'] as const;
export type MachineName = (typeof machineNames)[number];

export interface SuiteMachine {
  /** As the suite is told for all of its sides: tests of one machine only look at it. */
  readonly triplet: string;
  /** Test programs are made under this folder: the machine sees it at the same path. */
  readonly workFolder: string;
  /** GNU gdbserver there, where it is another than the one beside gdb. */
  readonly gnuServer: string | undefined;
  /** The command there that Outstep is. */
  readonly outstep: readonly string[];
  /** A program that ends at once, and may be read here. */
  readonly trivialProgram: string;
  /** What gdb is to be told before it meets a server there. */
  readonly gdbSettings: readonly string[];
  /** For waits that an idle machine of today decides the length of. */
  readonly patience: number;
  /** The command line here that runs a command there. */
  commandLine(command: readonly string[]): readonly string[];
  /** For a server that listens to gdb, and for gdb. */
  freeAddress(): Promise<{ readonly listen: string; readonly connect: string }>;
  /**
   * Lines for site.exp. Files that run at the same time are on different lanes.
   *
   * @param lane counted from 0
   */
  settings(lane: number): readonly string[];
  /** Ends what a file has left there; its descendants here are ended already. */
  endLeftovers(lane: number): Promise<void>;
  [Symbol.dispose](): void;
}

/** Boards are named after their machine, except for those of this one. */
export function machineOf(board: string): MachineName {
  return machineNames.find((name) => board.startsWith(`${name}-`)) ?? 'host';
}
