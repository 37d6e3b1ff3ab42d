import type { CaseResult } from './run-case.js';

type Column = [title: string, value: (result: CaseResult) => string];

const number = (value: number | null = null): string => (value === null ? '–' : String(Math.round(value)));

const COLUMNS: readonly Column[] = [
  ['case', ({ name }) => name],
  ['engine', ({ engine }) => engine],
  ['seed', ({ seed }) => String(seed)],
  ['events', ({ findings }) => number(findings?.events)],
  ['acknowledged', ({ findings }) => number(findings?.acknowledged)],
  ['lost', ({ findings }) => number(findings?.lost)],
  ['duplicates (allowed)', ({ findings }) => countOf(findings?.duplicates, findings?.unexplainedDuplicates)],
  ['in flight', ({ findings }) => number(findings?.inFlight)],
  ['unlogged (allowed)', ({ findings }) => countOf(findings?.unloggedReceipts, findings?.unexplainedUnloggedReceipts)],
  ['recovery ms', ({ findings }) => number(findings?.recoveryMs)],
  ['p95 before', ({ findings }) => number(findings?.p95BeforeMs)],
  ['p95 during', ({ findings }) => number(findings?.p95DuringMs)],
  ['verdict', verdictOf],
];

function countOf(all: number | undefined, unexplained: number | undefined): string {
  return all === undefined || unexplained === undefined ? '–' : `${all} (${all - unexplained})`;
}

function verdictOf({ notRun, breaches }: CaseResult): string {
  if (notRun !== null) return `not run: ${notRun}`;
  return breaches.length === 0 ? 'green' : 'RED';
}

/** The table of all cases; under it what each red one broke and where its logs are, and what planted defects were found by. */
export function reportOf(results: readonly CaseResult[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...results.map((result) => COLUMNS.map(([, value]) => value(result)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [...table, ...results.flatMap(explain)].join('\n');
}

function explain({ name, engine, breaches, planted, evidence }: CaseResult): string[] {
  if (breaches.length === 0)
    return planted.map((breach) => `\n${name} (${engine}) found its planted defect: ${breach}`);
  return [
    '',
    `${name} (${engine}) is red:`,
    ...breaches.map((breach) => `  ${breach}`),
    ...(evidence === null ? [] : [`  evidence: ${evidence}`]),
  ];
}
