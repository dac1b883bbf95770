/**
 * Lists of tests that may fail: those that GNU gdbserver does not always pass either (flaky.txt), and those that this
 * server does not pass yet (known-failures.txt). A line is `file.exp: test name` or `file.exp: *`, and after a tab the
 * board to which it is limited, or `all`; what follows a second tab says why. `#` opens a comment.
 */

export interface ExcusedTest {
  /** The line, without its comment. */
  readonly text: string;
  readonly file: string;
  /** `*`: all tests of the file. */
  readonly name: string;
  /** undefined: all boards. */
  readonly board: string | undefined;
}

const entryForm = /^(gdb\.[^/:]+\/[^:]+\.exp): (.+)$/;

/** @throws Error that names the line which is no entry. */
export function parseExcusedTests(text: string): ExcusedTest[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [test = '', board = 'all'] = line.split('\t').map((field) => field.trim());
      const [, file, name] = entryForm.exec(test) ?? [];
      if (file === undefined || name === undefined) {
        throw new Error(`"${line}" is no test: "gdb.base/file.exp: name" or "gdb.base/file.exp: *" is one`);
      }
      return { text: line, file, name, board: board === 'all' ? undefined : board };
    });
}

/** The entry by which a test is excused on a board, if there is one. */
export function findExcuse(
  excused: readonly ExcusedTest[],
  board: string,
  file: string,
  name: string,
): ExcusedTest | undefined {
  return excused.find(
    (entry) =>
      entry.file === file &&
      (entry.name === '*' || entry.name === name) &&
      (entry.board === undefined || entry.board === board),
  );
}
