/** Named lists of .exp files: lists/NAME.txt, one file a line, `#` opens a comment. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listsFolder } from './conformance-paths.js';

export interface ExpList {
  readonly name: string;
  readonly files: readonly string[];
}

function readList(path: string): ExpList {
  const lines = readFileSync(path, 'utf8').split('\n');
  const files = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  return { name: basename(path, '.txt'), files };
}

export function readLists(): ExpList[] {
  return readdirSync(listsFolder)
    .filter((name) => name.endsWith('.txt'))
    .toSorted()
    .map((name) => readList(join(listsFolder, name)));
}

const expFile = /^gdb\.[^/]+\/.+\.exp$/;

/**
 * The .exp files that were asked for by lists' names, paths of lists, or their own names; each once.
 *
 * @throws Error for a word that is none of these.
 */
export function selectFiles(words: readonly string[]): string[] {
  const files = words.flatMap((word) => {
    if (expFile.test(word)) return [word];
    const path = [join(listsFolder, `${word}.txt`), word].find(existsSync);
    if (path === undefined) {
      const names = readLists().map(({ name }) => name);
      throw new Error(
        `"${word}" is no list (${names.join(', ')}) and no file of the suite (gdb.base/break.exp is one)`,
      );
    }
    return readList(path).files;
  });
  return [...new Set(files)];
}
