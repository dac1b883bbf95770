/** The operations of `vFile` that only LLDB asks for (LLDB's "GDB Remote Protocol Extensions"). */
import { createHash } from 'node:crypto';
import { replyTo } from '../codec-packet.js';
import { fileErrno, fileErrnoOfError } from '../file-errors.js';
import type { FileSystem } from '../file-system.js';
import { done, type FileOperation, parseLastPath, parsePath } from './file-operation.js';

/** What is there, or undefined for a file that is not. */
function unlessMissing<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    if (fileErrnoOfError(error) === fileErrno.noEntry) return undefined;
    throw error;
  }
}

/** Two numbers of 64 bits, the low one first, each with its most significant byte first. */
function sumOf(contents: Uint8Array): Uint8Array {
  const sum = Uint8Array.from(createHash('md5').update(contents).digest());
  sum.subarray(0, 8).reverse();
  sum.subarray(8).reverse();
  return sum;
}

export const lldbFileOperations: readonly FileOperation[] = [
  {
    name: 'size',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => done(files.sizeAndMode(path).sizeBytes);
    },
  },
  {
    name: 'mode',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => done(files.sizeAndMode(path).mode);
    },
  },
  {
    name: 'exists',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files: FileSystem) => {
        const isThere = unlessMissing(() => files.sizeAndMode(path)) !== undefined;
        return replyTo('vFile:exists', { kind: isThere ? 'exists' : 'missing' });
      };
    },
  },
  {
    name: 'MD5',
    parse: (fields) => {
      const path = parseLastPath(fields);
      return (files) => {
        const contents = unlessMissing(() => files.contents(path));
        return contents === undefined
          ? replyTo('vFile:MD5', { kind: 'missing' })
          : replyTo('vFile:MD5', { kind: 'sum', md5: sumOf(contents) });
      };
    },
  },
  {
    name: 'symlink',
    parse: (fields) => {
      const target = parsePath(fields);
      fields.expect(',');
      const path = parseLastPath(fields);
      return (files) => {
        files.link(target, path);
        return done(0);
      };
    },
  },
];
