/**
 * The record of a server's connections: lines of JSON. The first line says what it is; each of the others is some bytes of
 * one direction, a character for each byte.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { asciiText } from 'gdb-js-rsp-parser';
import { messageOf } from '../../base/errors.js';
import { StartError } from '../start-error.js';
import type { OpenTap } from './tap.js';

export const recordFormat = 1;

export interface RecordHead {
  readonly outstepRecord: typeof recordFormat;
  readonly version: string;
  readonly machine: string;
  readonly startedAt: string;
}

export interface RecordLine {
  /** Since the server has started. */
  readonly atMs: number;
  /** From 1, in the order in which they came. */
  readonly connection: number;
  readonly from: 'client' | 'server';
  readonly bytes: string;
}

/** A line is in the file when the bytes go on. @throws StartError */
export function openRecorder(path: string, head: RecordHead): { readonly open: OpenTap; close(): void } {
  let file: number;
  try {
    file = openSync(path, 'w', 0o600);
  } catch (error) {
    throw new StartError(`Cannot record: ${messageOf(error)}`);
  }
  const start = performance.now();
  const write = (line: RecordHead | RecordLine): void => void writeSync(file, `${JSON.stringify(line)}\n`);
  write(head);
  let connections = 0;
  const open: OpenTap = () => {
    connections += 1;
    const connection = connections;
    const note = (from: 'client' | 'server', bytes: Uint8Array): void =>
      write({
        atMs: Math.round((performance.now() - start) * 1000) / 1000,
        connection,
        from,
        bytes: asciiText(bytes),
      });
    return { fromClient: (bytes) => note('client', bytes), toClient: (bytes) => note('server', bytes) };
  };
  return { open, close: () => closeSync(file) };
}
