/** Only calls that end in some way: each is passed on as a whole when it has ended. */
import type { ReturnRecord, TraceRecord } from '../record.js';
import type { TraceListener } from '../trace-options.js';

/** How a call ends; `unfinished`: its thread has ended inside. */
export const callStatuses = ['successful', 'failed', 'unfinished'] as const;
export type CallStatus = (typeof callStatuses)[number];

export function statusOf({ result, error }: ReturnRecord): CallStatus {
  if (result === undefined) return 'unfinished';
  return error === undefined ? 'successful' : 'failed';
}

export function onlyWith(statuses: ReadonlySet<CallStatus>, listener: TraceListener): TraceListener {
  return (record: TraceRecord) => {
    if (record.kind === 'call' || (record.kind === 'return' && !statuses.has(statusOf(record)))) return;
    if (record.kind === 'return') listener(record.call);
    listener(record);
  };
}
