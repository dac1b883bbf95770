/** Where the tests find the project's files: the compiled tests run from dist/test, the sources lie beside dist. */
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
/** The command; OUTSTEP_TEST_COMMAND names the bundle where the tests start servers slowly: it loads in half the time. */
export const commandScript = resolve(projectRoot, process.env.OUTSTEP_TEST_COMMAND ?? 'dist/src/cli/main.js');
export const fixturesFolder = resolve(projectRoot, 'fixtures');
export const cacheFolder = resolve(projectRoot, 'test/.cache');
