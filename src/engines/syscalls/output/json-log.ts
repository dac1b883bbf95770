/** Records as JSON, one object a line: calls when they have come back, and everything else as it is. */
import type { TraceRecord } from '../record.js';

/** undefined: there is nothing to say yet. */
export function jsonLine(record: TraceRecord): string | undefined {
  const object = objectOf(record);
  return object === undefined ? undefined : `${JSON.stringify(object)}\n`;
}

function objectOf(record: TraceRecord): Readonly<Record<string, unknown>> | undefined {
  const { kind, pid, tid } = record;
  const head = { type: kind, pid, tid, time: seconds(record.timeMs) };
  switch (record.kind) {
    case 'call':
      return undefined;
    case 'return': {
      const { call, result, error, isInjected, isDelayed, stack } = record;
      return {
        ...head,
        type: 'syscall',
        time: seconds(call.timeMs),
        name: call.name,
        number: call.number,
        args: record.arguments,
        registers: call.registers.map((value) => `0x${value.toString(16)}`),
        result: result === undefined ? null : numberOrText(result),
        ...(error === undefined ? {} : { error }),
        text: record.resultText,
        duration: seconds(record.durationMs),
        ...(call.resumes === undefined ? {} : { resumes: call.resumes }),
        ...(isInjected ? { injected: true } : {}),
        ...(isDelayed ? { delayed: true } : {}),
        ...(stack === undefined ? {} : { stack }),
      };
    }
    case 'signal':
      return { ...head, signal: record.name, info: record.information ?? null };
    case 'stopped':
      return { ...head, signal: record.name };
    case 'superseded':
      return { ...head, by: record.by };
    case 'exit':
      return { ...head, ...record.status, type: kind, how: record.status.kind, kind: undefined };
    case 'attached':
      return head;
  }
}

/** Seconds to the microsecond. */
function seconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1e6;
}

/** A number as long as JSON's readers keep all its digits. */
function numberOrText(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
