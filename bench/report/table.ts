import { aligned } from './aligned.js';
import { costTableOf } from './cost-table.js';
import { neighbourTableOf } from './neighbour-table.js';
import { type Report, ratioOf } from './report.js';
import type { Result } from './result.js';
import { seriesChartsOf } from './series-charts.js';

const NOTHING = '–';

export function tableOf(report: Report): string {
  const { machine, postgres, bareLoops } = report;
  const lines = [
    `${machine.cpuModel}, ${machine.cores} cores, ${machine.memoryGb} GB; Node ${machine.node}; commit ${machine.commit}; ${report.startedAt}`,
    ...Object.entries(postgres).map(([engine, version]) => `PostgreSQL, ${engine}: ${version}`),
    ...Object.entries(bareLoops).map(
      ([receiver, { start, end }]) =>
        `Bare sign-and-send loop, ${receiver} receiver: ${whole(start.perSecond)}/s at the start, ${whole(end.perSecond)}/s at the end, ${start.concurrency} requests at a time`,
    ),
    '',
    ...aligned([COLUMNS.map(({ title }) => title), ...report.results.map((result) => cellsOf(report, result))]),
    '',
    ...costTableOf(report.results),
    ...neighbourTableOf(report.results),
    ...seriesChartsOf(report.results),
    ...report.results.flatMap((result) => remarksOf(result).map((remark) => `- ${nameOf(result)}: ${remark}`)),
    ...report.failures.map(({ scenario, engine, message }) => `- ${scenario} ${engine} FAILED: ${message}`),
  ];
  return `${lines.join('\n')}\n`;
}

interface Column {
  title: string;
  /** Null: there is nothing to show. */
  cell: (result: Result, report: Report) => string | null;
}

const COLUMNS: Column[] = [
  { title: 'scenario', cell: nameOf },
  { title: 'delivered/s', cell: ({ deliveriesPerSecond }) => whole(deliveriesPerSecond) },
  { title: 'ratio', cell: (result, report) => fixed(ratioOf(report, result), 3) },
  { title: 'accepted/s', cell: ({ acceptedPerSecond }) => whole(acceptedPerSecond) },
  { title: '202 p50/p99 ms', cell: ({ answerMs }) => answerMs && `${fixed(answerMs.p50)}/${fixed(answerMs.p99)}` },
  {
    title: 'receipt p50/p95/p99 ms',
    cell: ({ receiptMs }) =>
      receiptMs && [receiptMs.p50, receiptMs.p95, receiptMs.p99].map((ms) => fixed(ms)).join('/'),
  },
  { title: 'lost/dup/unrec', cell: (result) => `${result.lost}/${result.duplicates}/${result.unrecorded ?? NOTHING}` },
  { title: 'CPU µs tidings', cell: ({ cpuMicros }) => whole(cpuMicros.tidings) },
  { title: 'pg', cell: ({ cpuMicros }) => whole(cpuMicros.postgres) },
  { title: 'recv', cell: ({ cpuMicros }) => whole(cpuMicros.receiver) },
  { title: 'load', cell: ({ cpuMicros }) => whole(cpuMicros.load) },
  { title: 'WAL B', cell: ({ walBytesPerDelivery }) => whole(walBytesPerDelivery) },
  { title: 'others %', cell: ({ othersCpuShare }) => whole(othersCpuShare && othersCpuShare * 100) },
  { title: 'peak MB', cell: ({ peakMemoryMb }) => whole(peakMemoryMb) },
];

function cellsOf(report: Report, result: Result): string[] {
  return COLUMNS.map(({ cell }) => cell(result, report) ?? NOTHING);
}

function remarksOf({ figures, notes }: Result): string[] {
  return [...Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toFixed(2))}`), ...notes];
}

function nameOf({ scenario, engine, receiver, label }: Result): string {
  return [scenario, engine, receiver, label].filter(Boolean).join(' ');
}

function whole(value: number | null): string {
  return value === null ? NOTHING : Math.round(value).toLocaleString('en');
}

function fixed(value: number | null, digits = 1): string {
  return value === null ? NOTHING : value.toFixed(digits);
}
