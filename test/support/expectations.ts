/** What a stop must be, in the words of the tests. Each gives the stop back, so that more can be asked of it. */
import assert from 'node:assert/strict';
import { type Stop, textField } from './gdb.js';

export interface Place {
  readonly function?: string;
  readonly line?: number;
}

function expectReason(stop: Stop, reason: string, place: Place = {}): Stop {
  const actual = { reason: stop.reason, function: stop.function, line: stop.line };
  const signal = textField(stop.fields, 'signal-name');
  const wanted = { reason, function: place.function ?? stop.function, line: place.line ?? stop.line };
  assert.deepEqual(
    actual,
    wanted,
    `stopped by ${stop.reason} ${signal ?? ''} in ${stop.function}:${stop.line}`,
  );
  return stop;
}

/** Stopped by a breakpoint or a catchpoint. */
export function expectBreakpointStop(stop: Stop, place?: Place & { readonly number?: number }): Stop {
  expectReason(stop, 'breakpoint-hit', place);
  if (place?.number !== undefined) assert.equal(textField(stop.fields, 'bkptno'), String(place.number));
  return stop;
}

/** `step`, `next`, `stepi` … came to their end. */
export function expectStepStop(stop: Stop, place?: Place): Stop {
  return expectReason(stop, 'end-stepping-range', place);
}

/** `until` or `advance` reached the place. */
export function expectLocationStop(stop: Stop, place?: Place): Stop {
  return expectReason(stop, 'location-reached', place);
}

/** `finish` came back to the caller. @param value the function's value, as gdb prints it */
export function expectFinish(stop: Stop, place: Place, value?: string): Stop {
  expectReason(stop, 'function-finished', place);
  assert.equal(textField(stop.fields, 'return-value'), value);
  return stop;
}

export function expectSignalStop(stop: Stop, signal: string, place?: Place): Stop {
  expectReason(stop, 'signal-received', place);
  assert.equal(textField(stop.fields, 'signal-name'), signal);
  return stop;
}

/** The program ended by itself. */
export function expectExit(stop: Stop, code: number): Stop {
  if (code === 0) return expectReason(stop, 'exited-normally');
  expectReason(stop, 'exited');
  // gdb prints it in octal.
  assert.equal(Number.parseInt(textField(stop.fields, 'exit-code') ?? '', 8), code);
  return stop;
}

export function expectKilledBy(stop: Stop, signal: string): Stop {
  expectReason(stop, 'exited-signalled');
  assert.equal(textField(stop.fields, 'signal-name'), signal);
  return stop;
}

/** A value that `print` shows for a watched expression before and after. */
export interface WatchedChange {
  readonly old?: string;
  readonly new?: string;
  readonly value?: string;
}

const watchReasons = {
  write: 'watchpoint-trigger',
  read: 'read-watchpoint-trigger',
  access: 'access-watchpoint-trigger',
} as const;

export function expectWatchStop(
  stop: Stop,
  kind: keyof typeof watchReasons,
  change: WatchedChange,
  place?: Place,
): Stop {
  expectReason(stop, watchReasons[kind], place);
  assert.deepEqual(stop.fields.value, change);
  return stop;
}

/** The block of a watched local variable was left. */
export function expectWatchScope(stop: Stop): Stop {
  return expectReason(stop, 'watchpoint-scope');
}
