/**
 * The user's `libthread-db-search-path`. Nothing is loaded from it here; but with GNU gdbserver a path on which there
 * is no libthread_db turns thread-local variables off, and who sets one wants that.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const defaultLibthreadDbPath = '$sdir:$pdir';

/** `$sdir`: where the system finds libraries; `$pdir`: where the program's own libpthread is. Both have one. */
const everPresent = ['$sdir', '$pdir'];

/** @param searchPath folders with colons between them; an empty one is the default */
export function hasLibthreadDb(searchPath: string): boolean {
  const folders = searchPath.split(':').filter((folder) => folder !== '');
  if (folders.length === 0) return true;
  return folders.some(
    (folder) =>
      everPresent.some((word) => folder.startsWith(word)) || existsSync(join(folder, 'libthread_db.so.1')),
  );
}
