/** Why a run ended, and the answer to `qTStatus` ("Tracepoint Packets" in the GDB manual). */
import { hexOfText } from 'gdb-js-rsp-parser';

export type StopReason =
  /** The client said so. */
  | { readonly kind: 'command' }
  | { readonly kind: 'buffer-full' }
  | { readonly kind: 'client-gone' }
  | { readonly kind: 'pass-count'; readonly tracepoint: number }
  | { readonly kind: 'expression'; readonly tracepoint: number; readonly text: string }
  /** The program has ended. */
  | { readonly kind: 'program-gone' };

export interface RunStatus {
  readonly isRunning: boolean;
  /** Undefined: no run has ended yet. */
  readonly reason: StopReason | undefined;
  readonly frameCount: number;
  readonly createdCount: number;
  readonly freeBytes: number;
  readonly sizeBytes: number;
  readonly isCircular: boolean;
  readonly outlivesClient: boolean;
  /** Microseconds since the epoch; 0: not yet. */
  readonly startTime: bigint;
  readonly stopTime: bigint;
  readonly notes: RunNotes;
}

/** What users wrote about a run. */
export interface RunNotes {
  readonly user: string;
  readonly notes: string;
  readonly tstop: string;
}

function reasonField(reason: StopReason | undefined, stopNote: string): string {
  switch (reason?.kind) {
    case undefined:
      return 'tnotrun:0';
    case 'command':
      return `tstop:${hexOfText(stopNote)}:0`;
    case 'buffer-full':
      return 'tfull:0';
    case 'client-gone':
      return 'tdisconnected:0';
    case 'pass-count':
      return `tpasscount:${reason.tracepoint.toString(16)}`;
    case 'expression':
      return `terror:${hexOfText(reason.text)}:${reason.tracepoint.toString(16)}`;
    case 'program-gone':
      return 'tunknown:0';
  }
}

export function statusText(status: RunStatus): string {
  const hex = (value: number | bigint): string => value.toString(16);
  return [
    status.isRunning ? 'T1' : 'T0',
    reasonField(status.reason, status.notes.tstop),
    `tframes:${hex(status.frameCount)}`,
    `tcreated:${hex(status.createdCount)}`,
    `tfree:${hex(status.freeBytes)}`,
    `tsize:${hex(status.sizeBytes)}`,
    `circular:${status.isCircular ? 1 : 0}`,
    `disconn:${status.outlivesClient ? 1 : 0}`,
    `starttime:${hex(status.startTime)}`,
    `stoptime:${hex(status.stopTime)}`,
    `username:${hexOfText(status.notes.user)}`,
    `notes:${hexOfText(status.notes.notes)}:`,
  ].join(';');
}
