/** Where the tests find the project's files: the compiled tests run from dist/test, the sources lie beside dist. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const fixturesFolder = resolve(projectRoot, 'fixtures');
export const cacheFolder = resolve(projectRoot, 'test/.cache');
