/** What -S, -U and -O say of the summary, in strace's words. */
import { type SummaryColumn, type SummaryStyle, summaryColumns } from '../../../engines/syscalls/index.js';
import { UsageError } from '../../usage-error.js';
import { durationMs } from './times.js';

const otherNames: Readonly<Record<string, SummaryColumn>> = {
  time: 'time-percent',
  'time-total': 'total-time',
  total_time: 'total-time',
  shortest: 'min-time',
  'time-min': 'min-time',
  longest: 'max-time',
  'time-max': 'max-time',
  'time-avg': 'avg-time',
  count: 'calls',
  error: 'errors',
  syscall: 'name',
  'syscall-name': 'name',
};
const usualColumns: readonly SummaryColumn[] = [
  'time-percent',
  'total-time',
  'avg-time',
  'calls',
  'errors',
  'name',
];

/** @throws UsageError */
export function summaryStyle(
  columns: string | undefined,
  sortBy: string | undefined,
  overhead: string | undefined,
): SummaryStyle {
  return {
    columns: columns === undefined ? usualColumns : columnsOf(columns.split(',')),
    sortBy: sortBy === undefined ? 'total-time' : orderOf(sortBy),
    overheadMs: overhead === undefined ? 0 : durationMs(overhead, '-O'),
  };
}

/** What a row is about stands in the last one where it is not among them. */
function columnsOf(words: readonly string[]): readonly SummaryColumn[] {
  const columns = words.map((word) => columnOf(word, '-U'));
  return columns.includes('name') ? columns : [...columns, 'name'];
}

function orderOf(word: string): SummaryStyle['sortBy'] {
  if (word === 'none' || word === 'nothing' || word === 'unsorted') return 'none';
  return columnOf(word, '-S');
}

function columnOf(word: string, option: string): SummaryColumn {
  const column = summaryColumns.find((one) => one === word) ?? otherNames[word];
  if (column === undefined) throw new UsageError(`${option} knows ${summaryColumns.join(', ')}, not ${word}`);
  return column;
}
