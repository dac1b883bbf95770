/** `vFile`: files of the machine for the client (GDB manual, "Host I/O Packets"). */
import type { FieldReader } from 'gdb-js-rsp-parser';
import { packetSizeBytes } from '../features.js';
import { fileErrno, fileErrnoOfError } from '../file-errors.js';
import { LinkToNowhere, UnknownDescriptor } from '../file-system.js';
import { empty, type PacketEntry, packet, type Reply, text } from '../packet.js';
import { done, type FileOperation, fileSystems, parseLastPath, parsePath } from './file-operation.js';
import { lldbFileOperations } from './lldb-files.js';

/** Of every read: a reply is written before the next packet is looked at. */
const scratch = new Uint8Array(packetSizeBytes);
/**
 * Of a file that does not fit into one reply GDB wants a few places, and asks for a whole packet at each: what it will
 * not look at costs time on a slow network.
 */
const largeFilePieceBytes = 0x4_0000;

/** The result of operations that always have an attachment, even an empty one. */
function attached(bytes: Uint8Array): Reply {
  return { kind: 'binary', prefix: `F${bytes.length.toString(16)};`, bytes };
}

function parseLastDescriptor(fields: FieldReader): number {
  const descriptor = fields.signedNumber();
  fields.expectEnd();
  return descriptor;
}

const operations: readonly FileOperation[] = [
  {
    name: 'setfs',
    parse: (fields) => {
      const pid = fields.number();
      fields.expectEnd();
      return (files) => {
        files.selectRoot(pid);
        return done(0);
      };
    },
  },
  {
    name: 'open',
    parse: (fields) => {
      const path = parsePath(fields);
      fields.expect(',');
      const flags = fields.number();
      fields.expect(',');
      const mode = fields.number();
      fields.expectEnd();
      return (files) => done(files.open(path, flags, mode));
    },
  },
  {
    name: 'close',
    parse: (fields) => {
      const descriptor = parseLastDescriptor(fields);
      return (files) => {
        files.close(descriptor);
        return done(0);
      };
    },
  },
  {
    name: 'pread',
    parse: (fields) => {
      const descriptor = fields.signedNumber();
      fields.expect(',');
      const lengthBytes = Math.min(fields.number(), packetSizeBytes);
      fields.expect(',');
      const offset = fields.bigint();
      fields.expectEnd();
      return (files) => {
        const most = files.sizeBytes(descriptor) > packetSizeBytes ? largeFilePieceBytes : lengthBytes;
        return attached(files.read(descriptor, scratch.subarray(0, Math.min(lengthBytes, most)), offset));
      };
    },
  },
  {
    name: 'pwrite',
    parse: (fields) => {
      const descriptor = fields.signedNumber();
      fields.expect(',');
      const offset = fields.number();
      fields.expect(',');
      const bytes = fields.restBytes();
      return (files) => done(files.write(descriptor, bytes, offset));
    },
  },
  {
    name: 'fstat',
    parse: (fields) => {
      const descriptor = parseLastDescriptor(fields);
      return (files) => attached(files.statusOfDescriptor(descriptor));
    },
  },
  {
    name: 'stat',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => attached(files.status(path));
    },
  },
  {
    name: 'lstat',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => attached(files.statusOfLink(path));
    },
  },
  {
    name: 'unlink',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => {
        files.unlink(path);
        return done(0);
      };
    },
  },
  {
    name: 'readlink',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => attached(files.readLink(path));
    },
  },
  ...lldbFileOperations,
];

const byName: ReadonlyMap<string, FileOperation> = new Map(operations.map((one) => [one.name, one]));

/** `F-1,` and the protocol's error number. */
function failed(error: unknown): Reply {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return text(`F-1,${errno.toString(16)}`);
}

function errnoOf(error: unknown): number | undefined {
  if (error instanceof UnknownDescriptor) return fileErrno.badDescriptor;
  // GDB 16 wants the link itself here, and takes any other error for the last of the names that a file may have.
  if (error instanceof LinkToNowhere) return fileErrno.notImplemented;
  // An offset that no file has.
  return error instanceof RangeError ? fileErrno.invalid : fileErrnoOfError(error);
}

export const hostIoPackets: readonly PacketEntry[] = [
  packet({
    name: 'vFile',
    parse: (fields) => {
      fields.expect(':');
      const operation = byName.get(fields.textUntil(':'));
      if (operation === undefined) return undefined;
      fields.expect(':');
      return operation.parse(fields);
    },
    run: (session, operation) => {
      if (operation === undefined) return empty;
      try {
        return operation(fileSystems.of(session));
      } catch (error) {
        return failed(error);
      }
    },
  }),
];
