/**
 * A second look at what got worse, so that a failure by chance or by the machine is not taken for a regression: the
 * files run again, alone, and what fails again is tried with GNU gdbserver on the same machine.
 */
import { type Comparison, compare, type Expectations, withoutRegressionsOf } from './comparison.js';
import type { FileResults } from './suite-results.js';

export interface Judged {
  readonly results: readonly FileResults[];
  readonly comparison: Comparison;
}

/** `tested` is the server that the first results are of. */
export type Rerun = (files: readonly string[], server: 'tested' | 'gnu') => Promise<readonly FileResults[]>;

export async function confirm(first: Judged, expectations: Expectations, rerun: Rerun): Promise<Judged> {
  const suspects = filesWithRegressions(first.comparison);
  if (suspects.length === 0) return first;
  const again = new Map((await rerun(suspects, 'tested')).map((file) => [file.file, file]));
  const results = first.results.map((file) => again.get(file.file) ?? file);
  const second = compare(results, expectations);
  const confirmed = filesWithRegressions(second);
  if (confirmed.length === 0) return { results, comparison: second };
  const gnu = compare(await rerun(confirmed, 'gnu'), { ...expectations, known: [] });
  return { results, comparison: withoutRegressionsOf(gnu, second) };
}

function filesWithRegressions({ files }: Comparison): string[] {
  return files.filter(({ regressions }) => regressions.length > 0).map(({ file }) => file);
}
