import type { Findings } from './checker.js';

/** A lease may outlive its end by one round of the rescue (2 s), and by what a loaded machine adds. */
const OVERDUE_LIMIT_MS = 5_000;
/** Below this a latency is the machine's, not the fault's. */
const LATENCY_FLOOR_MS = 250;
const LATENCY_FACTOR = 3;
/** What may remain beyond a tenth: a heap that has not been collected, a keep-alive connection, a session. */
const RESOURCE_SLACK = { memoryBytes: 48 * 1024 * 1024, sockets: 4, databaseSessions: 2 };
const RESOURCE_FACTOR = 1.1;

/** What a case says of itself. */
export interface Expectation {
  /** Somebody serves all the time, so that the latency of the healthy webhooks has to hold. */
  isServing: boolean;
}

interface Invariant {
  name: string;
  /** What is wrong, or null. */
  findBreach: (findings: Findings, expectation: Expectation) => string | null;
}

const none = (count: number, what: string): string | null => (count === 0 ? null : `${count} ${what}`);

const INVARIANTS: readonly Invariant[] = [
  { name: 'I1', findBreach: ({ lost }) => none(lost, 'deliveries lost') },
  { name: 'I1', findBreach: ({ unfinished }) => none(unfinished, 'deliveries never finished') },
  { name: 'I1', findBreach: ({ refusedRequests }) => none(refusedRequests, 'valid requests refused') },
  { name: 'I2', findBreach: ({ unknownReceipts }) => none(unknownReceipts, 'receipts of what was not sent') },
  { name: 'I2', findBreach: ({ unreceivedAttempts }) => none(unreceivedAttempts, 'logged answers that nobody gave') },
  { name: 'I3', findBreach: ({ badSignatures }) => none(badSignatures, 'wrong signatures') },
  { name: 'I3', findBreach: ({ badBodies }) => none(badBodies, 'changed bodies') },
  {
    name: 'I4',
    findBreach: ({ unexplainedDuplicates }) => none(unexplainedDuplicates, 'duplicates that no kill explains'),
  },
  {
    name: 'I5',
    findBreach: ({ unexplainedUnloggedReceipts }) =>
      none(unexplainedUnloggedReceipts, 'receipts without an attempt that no kill explains'),
  },
  { name: 'I6', findBreach: ({ queueRows }) => none(queueRows, 'rows left in the queue') },
  {
    name: 'I6',
    findBreach: ({ mostOverdueMs }) =>
      (mostOverdueMs ?? 0) > OVERDUE_LIMIT_MS ? `a lease outlived its end by ${Math.round(mostOverdueMs!)} ms` : null,
  },
  {
    name: 'I7',
    findBreach: ({ p95BeforeMs, p95DuringMs }, { isServing }) => {
      if (!isServing || p95BeforeMs === null || p95DuringMs === null) return null;
      const limitMs = Math.max(LATENCY_FLOOR_MS, LATENCY_FACTOR * p95BeforeMs);
      return p95DuringMs > limitMs ? `p95 of healthy webhooks ${p95DuringMs} ms, limit ${limitMs} ms` : null;
    },
  },
  { name: 'I10', findBreach: ({ resources }) => resources && remainderIn(resources) },
];

/** What must hold and does not, one sentence each; empty: all is well. */
export function breachesOf(findings: Findings, expectation: Expectation): string[] {
  return INVARIANTS.flatMap(({ name, findBreach }) => {
    const breach = findBreach(findings, expectation);
    return breach === null ? [] : [`${name}: ${breach}`];
  });
}

/** What is held afterwards and was not before, or null. */
export function remainderIn({ before, after }: NonNullable<Findings['resources']>): string | null {
  const kinds = ['memoryBytes', 'sockets', 'databaseSessions'] as const;
  const remaining = kinds.filter((kind) => {
    const [was, is] = [before[kind], after[kind]];
    return was !== null && is !== null && is > was * RESOURCE_FACTOR + RESOURCE_SLACK[kind];
  });
  const parts = remaining.map((kind) => `${kind} ${before[kind]} before, ${after[kind]} after`);
  return parts.length > 0 ? parts.join('; ') : null;
}
