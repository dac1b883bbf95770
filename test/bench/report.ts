/** The results as JSON and as a table in Markdown. */
import type { Clock } from './bench.js';
import type { ContenderName } from './contender.js';
import type { Machine } from './machine.js';
import type { Results, RowResult, Summary } from './row.js';
import { times } from './targets.js';

export interface Report {
  readonly machine: Machine;
  readonly core: number;
  readonly clock: Clock;
  readonly rounds: number;
  readonly scale: number;
  readonly results: Results;
}

function duration(ns: number): string {
  if (ns >= 1e8) return `${(ns / 1e9).toPrecision(3)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toPrecision(3)} ms`;
  if (ns >= 1e3) return `${(ns / 1e3).toPrecision(3)} µs`;
  return `${ns.toPrecision(3)} ns`;
}

function number(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** How many times as quick as GNU gdbserver. */
function ratio(summary: Summary | undefined, gdbserver: Summary | undefined): string {
  if (summary === undefined || gdbserver === undefined) return '–';
  return times(gdbserver.medianNs / summary.medianNs);
}

function time({ summaries, failures }: RowResult, name: ContenderName): string {
  const summary = summaries.get(name);
  if (summary !== undefined) return duration(summary.medianNs);
  return failures.has(name) ? 'failed' : '–';
}

function verdicts(result: RowResult, all: Results): readonly [string, string] {
  const judged = result.row.targets.map((target) => ({ target, verdict: target.judge(result, all) }));
  const texts = judged.map(({ target }) => target.text);
  const met = judged.map(({ verdict }) =>
    verdict === undefined ? '–' : verdict.isMet ? `yes: ${verdict.actual}` : `**no**: ${verdict.actual}`,
  );
  return [texts.join('; ') || '–', met.join('; ') || '–'];
}

const columns = [
  'row',
  'operation',
  'Outstep',
  'gdbserver',
  'lldb-server',
  'raw ptrace',
  'Outstep is',
  'raw is',
  'target',
  'met',
  'system calls: Outstep, gdbserver, raw',
  'stops: Outstep, gdbserver, raw',
];

function tableRow(result: RowResult, all: Results): readonly string[] {
  const { row, summaries } = result;
  const [ours, theirs, raw] = (['outstep', 'gdbserver', 'raw'] as const).map((name) => summaries.get(name));
  const three = [ours, theirs, raw];
  return [
    `\`${row.name}\` ${row.title}`,
    row.operation,
    time(result, 'outstep'),
    time(result, 'gdbserver'),
    time(result, 'lldb-server'),
    time(result, 'raw'),
    ratio(ours, theirs),
    ratio(raw, theirs),
    ...verdicts(result, all),
    three.map((summary) => number(summary?.systemCalls)).join(', '),
    three.map((summary) => number(summary?.stops)).join(', '),
  ];
}

/** Contenders of few rows. */
const others: Partial<Readonly<Record<ContenderName, string>>> = {
  native: 'without a debugger',
  node: 'Node with a script that writes one byte',
  strace: 'strace',
  'strace --seccomp-bpf': 'strace -f --seccomp-bpf',
};

/** What the table has no column for. */
function remarks(results: Results): readonly string[] {
  return [...results.values()].flatMap(({ row, summaries, failures }) => [
    ...Object.entries(others).flatMap(([name, who]) => {
      const summary = summaries.get(name as ContenderName);
      return summary === undefined ? [] : [`\`${row.name}\`, ${who}: ${duration(summary.medianNs)}`];
    }),
    ...[...summaries].flatMap(([name, { residentKib }]) =>
      residentKib === undefined
        ? []
        : [`\`${row.name}\`, resident size of ${name}: ${(residentKib / 1024).toFixed(1)} MiB`],
    ),
    ...[...summaries].flatMap(([name, { worstNs }]) =>
      worstNs === undefined ? [] : [`\`${row.name}\`, the worst of ${name}: ${duration(worstNs)}`],
    ),
    ...[...failures].map(
      ([name, reason]) => `\`${row.name}\`, ${name} failed: ${reason.split('\n')[0] ?? ''}`,
    ),
  ]);
}

const clocks: Readonly<Record<Clock, string>> = {
  wall: 'time',
  cpu: 'processor time of server, program and client',
};

export function formatMarkdown({ machine, core, clock, rounds, scale, results }: Report): string {
  const rows = [...results.values()].map((result) => tableRow(result, results));
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const list = remarks(results);
  return [
    `${machine.processor}, ${machine.memoryGib} GiB; ${machine.kernel}; ${versions.join('; ')}.`,
    `All on core ${core}; ${clocks[clock]}; medians of ${rounds} rounds${scale === 1 ? '' : `, ${scale} of the full counts`}.`,
    '',
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    ...(list.length > 0 ? ['', ...list.map((line) => `- ${line}`)] : []),
    '',
  ].join('\n');
}

export function formatJson({ results, ...facts }: Report): string {
  const rows = [...results.values()].map((result) => ({
    name: result.row.name,
    title: result.row.title,
    operation: result.row.operation,
    contenders: Object.fromEntries(result.summaries),
    failures: Object.fromEntries(result.failures),
    targets: result.row.targets.map((target) => ({
      target: target.text,
      ...target.judge(result, results),
    })),
  }));
  return `${JSON.stringify({ ...facts, rows }, undefined, 2)}\n`;
}
