/** Thread ids of the wire (GDB manual, "Packets", thread-id): a pattern in requests, one thread in replies. */
import { asciiBytes } from './ascii.js';
import { FieldReader } from './field-reader.js';

/**
 * A pattern: -1 on the wire is 'all', 0 is 'any'. `process` is undefined in the plain form without `p`; `pPID` alone
 * selects all threads of the process.
 */
export interface ThreadSelector {
  readonly process: number | 'all' | 'any' | undefined;
  readonly thread: number | 'all' | 'any';
}

/** One thread as a reply names it; `pid` only in the form of the multiprocess extensions. */
export interface ThreadId {
  readonly pid?: number;
  readonly tid: number;
}

/** @throws ProtocolError */
export function parseThreadSelector(text: string): ThreadSelector {
  const reader = new FieldReader(asciiBytes(text));
  const selector = reader.threadSelector();
  reader.expectEnd();
  return selector;
}

/** The thread that a reply names. @throws ProtocolError when it is a pattern */
export function readThreadId(reader: FieldReader): ThreadId {
  const { process, thread } = reader.threadSelector();
  if (typeof thread !== 'number' || typeof process === 'string') {
    return reader.fail('the id of one thread');
  }
  return process === undefined ? { tid: thread } : { pid: process, tid: thread };
}

/** `pPID.TID` with the multiprocess extensions, else `TID`. */
export function formatThreadId(
  id: { readonly pid: number; readonly tid: number },
  multiprocess: boolean,
): string {
  const tid = id.tid.toString(16);
  return multiprocess ? `p${id.pid.toString(16)}.${tid}` : tid;
}
