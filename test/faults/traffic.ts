import { drawn, drawnWhole } from './drawn.js';
import type { IntendedEvent } from './ledger.js';

/** What the producer is told to send; with the seed it decides every request. */
export interface TrafficPlan {
  seed: number;
  firstRequest: number;
  /** At least; it goes on until it is told to finish. */
  requests: number;
  perSecond: number;
  /** 0–1: the share of the requests that are batches. */
  batchShare: number;
  /** Events in a batch. */
  batchSize: { min: number; max: number };
}

export interface PlannedRequest {
  number: number;
  isBatch: boolean;
  /** With a key an unclear answer is repeated until it is clear; without, it stays unclear. */
  key: string | null;
  /** Which of the replicas gets the first try, as a share of their number: 0 (included) to 1 (excluded). */
  replicaShare: number;
  events: IntendedEvent[];
}

export const EVENT_TYPES = ['record:created', 'record:updated', 'record:deleted', 'sync_job_run:started'] as const;

const KEYED_SHARE = 1 / 2;

/** Texts that change when somebody parses and writes them again. */
const AWKWARD_MEMBERS = '"n":9007199254740993,"f":1.0,"e":1e400,"s":"\\u0000 é \\ud800"';

/** The request of this number: the same for the same seed and plan, whenever and wherever it is asked for. */
export function planRequest(
  plan: Pick<TrafficPlan, 'seed' | 'batchShare' | 'batchSize'>,
  number: number,
): PlannedRequest {
  const { seed, batchShare, batchSize } = plan;
  const isBatch = drawn(seed, 'batch', number) < batchShare;
  const count = isBatch ? drawnWhole(batchSize, seed, 'size', number) : 1;
  return {
    number,
    isBatch,
    key: drawn(seed, 'key', number) < KEYED_SHARE ? `${seed}-${number}` : null,
    replicaShare: drawn(seed, 'replica', number),
    events: Array.from({ length: count }, (_, index) => planEvent(seed, `${number}-${index}`)),
  };
}

function planEvent(seed: number, ref: string): IntendedEvent {
  const eventType = EVENT_TYPES[Math.floor(drawn(seed, 'type', ref) * EVENT_TYPES.length)]!;
  return { ref, eventType, payload: `{"ref":"${ref}",${AWKWARD_MEMBERS}}` };
}

/** The HTTP request. It is put together as text, so that payloads arrive as they were planned. */
export function toHttp({ isBatch, key, events }: PlannedRequest): {
  path: string;
  headers: Record<string, string>;
  body: string;
} {
  const members = events.map(({ eventType, payload }) => `"event_type":"${eventType}","payload":${payload}`);
  const headers = { 'content-type': 'application/json' };
  if (!isBatch) {
    return {
      path: '/event',
      headers: key === null ? headers : { ...headers, 'idempotency-key': key },
      body: `{${members[0]}}`,
    };
  }
  const keyed = members.map((text, index) =>
    key === null ? `{${text}}` : `{${text},"idempotency_key":"${key}-${index}"}`,
  );
  return { path: '/event/batch', headers, body: `{"events":[${keyed.join(',')}]}` };
}
