/** Whoever uses the library reads what a name is for where it is declared. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';

/** A name that a module exports: where it is declared, and whether a comment stands in front of that. */
interface Exported {
  readonly file: string;
  readonly isDocumented: boolean;
}

const declaration =
  /^( \*\/\n|\/\*\*.*\*\/\n)?export (?:declare |abstract |async )*(?:class|interface|type|function\*?|const|enum) (\w+)/gm;
const namedExports = /^export (?:type )?\{([^}]*)\} from '([^']+)'/gm;
const allExports = /^export \* from '([^']+)'/gm;

function sourceOf(file: string, specifier: string): string {
  return resolve(dirname(file), specifier.replace(/\.js$/, '.ts'));
}

function exportsOf(file: string): Map<string, Exported> {
  const text = readFileSync(file, 'utf8');
  const found = new Map<string, Exported>();
  for (const [, comment, name = ''] of text.matchAll(declaration))
    found.set(name, { file, isDocumented: comment !== undefined });
  for (const [, specifier = ''] of text.matchAll(allExports))
    for (const [name, exported] of exportsOf(sourceOf(file, specifier))) found.set(name, exported);
  for (const [, names = '', specifier = ''] of text.matchAll(namedExports)) {
    const from = sourceOf(file, specifier);
    const theirs = existsSync(from) ? exportsOf(from) : new Map<string, Exported>();
    for (const word of names.split(',').flatMap((name) => name.trim().replace(/^type /, '') || [])) {
      const [name = '', as = name] = word.split(' as ');
      found.set(as, theirs.get(name) ?? { file: from, isDocumented: false });
    }
  }
  return found;
}

describe('public names', () => {
  it('are documented where they are declared', () => {
    const names = exportsOf(resolve(projectRoot, 'src/index.ts'));
    assert.ok(names.size > 100, `${names.size} names found`);
    const missing = [...names]
      .filter(([, { isDocumented }]) => !isDocumented)
      .map(([name, { file }]) => `${name} (${relative(projectRoot, file)})`);
    assert.deepEqual(missing, []);
  });
});
