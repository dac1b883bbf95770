/** One operation of `vFile`: takes its arguments and does it, later, on the files of a connection. */
import { type FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { FileSystem } from '../file-system.js';
import { type Reply, text } from '../packet.js';
import { PerSession } from '../per-session.js';

export interface FileOperation {
  readonly name: string;
  readonly parse: (fields: FieldReader) => (files: FileSystem) => Reply;
}

export const fileSystems = new PerSession(() => new FileSystem());

export function done(result: number): Reply {
  return text(`F${result.toString(16)}`);
}

export function parsePath(fields: FieldReader): string {
  const path = fields.hexText();
  if (path === '' || path.includes('\0')) throw new ProtocolError('not a path');
  return path;
}

export function parseLastPath(fields: FieldReader): string {
  const path = parsePath(fields);
  fields.expectEnd();
  return path;
}
