/** Files that programs and libraries lie in, for clients that have no copies of them. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { hexOf, type ModuleFacts } from 'gdb-js-rsp-parser';
import { buildIdOf } from '../../../core/program/index.js';

/** Undefined: there is no such file, or it has no build id to be known by. */
export function moduleFacts(path: string, triple: string): ModuleFacts | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const { size } = fstatSync(file);
    const id = buildIdOf({
      read: (at, lengthBytes) => {
        const bytes = new Uint8Array(at < BigInt(size) ? Math.min(lengthBytes, size) : 0);
        return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, at));
      },
    });
    if (id === undefined) return undefined;
    return { uuid: hexOf(id), triple, filePath: path, fileOffset: 0, fileBytes: size };
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    // It is asked for as the client knows it, which may be nowhere here.
    return undefined;
  }
}
