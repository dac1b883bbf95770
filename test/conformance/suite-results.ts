/**
 * Results of gdb's test suite as DejaGnu writes them: a line `STATUS: file.exp: name` for each test, after a line
 * `Running file.exp ...` for each file. Baselines leave the file's name out of each test's line and put the seconds
 * that the file took behind the dots.
 */

export const statuses = [
  'PASS',
  'FAIL',
  'KPASS',
  'KFAIL',
  'XPASS',
  'XFAIL',
  'UNRESOLVED',
  'UNTESTED',
  'UNSUPPORTED',
] as const;
export type Status = (typeof statuses)[number];

export interface TestResult {
  /** Without what differs from run to run (addresses, ports, numbers of processes). */
  readonly name: string;
  readonly status: Status;
}

export interface FileResults {
  /** As in `gdb.base/break.exp`. */
  readonly file: string;
  readonly seconds: number | undefined;
  /** In the order in which they ran; a name may occur more than once. */
  readonly tests: readonly TestResult[];
  /** DejaGnu's `ERROR` lines: the file did not run to its end. */
  readonly errors: readonly string[];
}

const runningLine = /^Running (?:\S*\/)?(gdb\.[^/ ]+\/\S+\.exp) \.\.\.(?: ([\d.]+) s)?/;
const testLine = new RegExp(`^(${statuses.join('|')}): (?:gdb\\.[^/:]+/[^:]+\\.exp: ?)?(.*)$`);
const errorLine = /^ERROR: (.*)$/;

const volatileParts: ReadonlyArray<readonly [RegExp, string]> = [
  [/0x[0-9a-f]{6,}/g, '0xADDR'],
  [/localhost:\d+/g, 'localhost:PORT'],
  [/\bpid \d+/g, 'pid N'],
  [/(process|Thread|LWP) \d{3,}/g, '$1 N'],
];

function stableName(name: string): string {
  return volatileParts.reduce((text, [pattern, stable]) => text.replace(pattern, stable), name);
}

function isStatus(word: string | undefined): word is Status {
  return statuses.some((status) => status === word);
}

/** Lines that are neither of the known forms are left out. */
export function parseResults(text: string): FileResults[] {
  const files: { file: string; seconds: number | undefined; tests: TestResult[]; errors: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, file, seconds] = runningLine.exec(line) ?? [];
    if (file !== undefined) {
      files.push({
        file,
        seconds: seconds === undefined ? undefined : Number(seconds),
        tests: [],
        errors: [],
      });
      continue;
    }
    const current = files.at(-1);
    const [, status, name = ''] = testLine.exec(line) ?? [];
    if (isStatus(status)) current?.tests.push({ name: stableName(name), status });
    const [, error] = errorLine.exec(line) ?? [];
    if (error !== undefined) current?.errors.push(error);
  }
  return files;
}

/** A baseline's form; `parseResults` reads it back. */
export function formatResults(files: readonly FileResults[]): string {
  return files
    .map(({ file, seconds, tests, errors }) =>
      [
        `Running ${file} ...${seconds === undefined ? '' : ` ${seconds} s`}`,
        ...tests.map(({ name, status }) => `${status}: ${name}`),
        ...errors.map((error) => `ERROR: ${error}`),
      ].join('\n'),
    )
    .map((section) => `${section}\n`)
    .join('');
}

export function countStatuses(files: readonly FileResults[]): Map<Status, number> {
  const counts = new Map<Status, number>();
  for (const { tests } of files) {
    for (const { status } of tests) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return counts;
}
