/** The counts of the stored baselines as a table in Markdown: baseline/table.md. */
import type { Baseline } from './baseline.js';
import type { ExpList } from './exp-lists.js';
import { machineNames, machineOf } from './suite-machine.js';
import { countStatuses, type FileResults, statuses } from './suite-results.js';

/** Version, board and list; numbers follow. */
const textColumns = 3;
const head = ['gdb', 'board', 'list', 'files', 'seconds', ...statuses];

/** A list that has a machine's name is for that machine alone, and the others are for this one. */
function isFor(list: ExpList, board: string): boolean {
  const machine = machineOf(board);
  return machine === 'host' ? machineNames.every((name) => name !== list.name) : list.name === machine;
}

/** A row for each list that a baseline has at least in part; the files of a list that it lacks are not in the suite. */
export function formatBaselineTable(baselines: readonly Baseline[], lists: readonly ExpList[]): string {
  const rows = baselines.flatMap((baseline) =>
    lists
      .filter(
        (list) => isFor(list, baseline.board) && coveredPart(baseline, list).length > list.files.length / 2,
      )
      .map((list) => rowOf(baseline, list)),
  );
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((cells) => cells[column] ?? '')].map(({ length }) => length)),
  );
  const lineOf = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column < textColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const table = [head, rule, ...rows].map(lineOf).join('\n');
  return `# GNU gdbserver's results\n\nWritten by \`npm run conformance -- --table\`, out of the baselines.\n\n${table}\n`;
}

function pad(cell: string, column: number, width: number): string {
  return column < textColumns ? cell.padEnd(width) : cell.padStart(width);
}

function coveredPart({ files }: Baseline, list: ExpList): FileResults[] {
  return list.files.map((file) => files.get(file)).filter((results) => results !== undefined);
}

function rowOf(baseline: Baseline, list: ExpList): string[] {
  const files = coveredPart(baseline, list);
  const seconds = files.reduce((sum, file) => sum + (file.seconds ?? 0), 0);
  const counts = countStatuses(files);
  return [
    baseline.version,
    baseline.board,
    list.name,
    String(files.length),
    seconds.toFixed(0),
    ...statuses.map((status) => String(counts.get(status) ?? 0)),
  ];
}
