/** Where this folder's own files are: the compiled code runs from dist, the data lies beside the sources. */
import { join } from 'node:path';
import { cacheFolder, projectRoot } from '../support/project-paths.js';

export const conformanceFolder = join(projectRoot, 'test/conformance');
export const listsFolder = join(conformanceFolder, 'lists');
export const baselineFolder = join(conformanceFolder, 'baseline');
export const baselineTable = join(baselineFolder, 'table.md');
export const flakyFile = join(conformanceFolder, 'flaky.txt');
export const knownFailuresFile = join(conformanceFolder, 'known-failures.txt');
/** Each run's results, unless it is told another place. */
export const resultsFolder = join(cacheFolder, 'conformance');
export const serverScript = join(projectRoot, 'dist/src/cli/main.js');
