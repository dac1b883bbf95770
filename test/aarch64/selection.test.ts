import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';
import { groups, leftOut, leftOutList, selectionList } from './selection.js';

const inReadme = [
  {
    list: selectionList('short'),
    before: 'these files of the suite run in the guest:',
    behind: 'Words select',
  },
  { list: selectionList('long'), before: 'With `all` these run as well:', behind: 'With `everything`' },
  { list: selectionList('slow'), before: 'With `everything` these, too:', behind: 'On two cores that do' },
  { list: leftOutList(), before: '## Not in the guest', behind: '## By hand' },
] as const;

/** Below `test`, without their ending. */
function suiteFiles(): string[] {
  const all = readdirSync(resolve(projectRoot, 'test'), { recursive: true, encoding: 'utf8' });
  return all.filter((name) => name.endsWith('.test.ts')).map((name) => name.replace(/\.test\.ts$/, ''));
}

describe('the selection for the aarch64 guest', () => {
  it('names files that are there', () => {
    for (const file of groups.flatMap(({ files }) => files))
      assert.ok(existsSync(resolve(projectRoot, file)), file);
  });

  it('is the one that the README names', () => {
    const readme = readFileSync(resolve(projectRoot, 'test/aarch64/README.md'), 'utf8').replace(/\s+/g, ' ');
    for (const { list, before, behind } of inReadme) {
      const text = list.join(' ');
      assert.ok(readme.includes(`${before} ${text} ${behind}`), `the README lacks:\n${text}`);
    }
  });

  it('has each file of the suite once, or a reason why not', () => {
    const places = [
      ...groups.flatMap(({ files }) => files.map((file) => file.replace(/^dist\/test\/|\.test\.js$/g, ''))),
      ...Object.values(leftOut).flat(),
    ];
    const placesOf = (file: string): readonly string[] =>
      places.filter((place) => file === place || file.startsWith(`${place}/`));
    const files = suiteFiles();
    const misplaced = files.filter((file) => placesOf(file).length !== 1);
    assert.deepEqual(misplaced, [], 'selection.ts has to say whether they run in the guest');
    const empty = places.filter((place) => !files.some((file) => placesOf(file).includes(place)));
    assert.deepEqual(empty, [], 'names nothing that is there');
  });
});
