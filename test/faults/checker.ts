import { createHash, createHmac } from 'node:crypto';
import type { Evidence, Fault, LoggedAttempt } from './evidence.js';
import { groupBy } from './group-by.js';
import { quantile } from './latency.js';
import { indexLedger, pairOf, receiptUnderLease, type LedgerIndex, type ReadReceipt } from './ledger-index.js';

/** What the ledger comes to, as numbers; docs/fault-tests.md says what each means. */
export interface Findings {
  /** Intended, warm-up included. */
  events: number;
  acknowledged: number;
  /** Requests with at least one try that had no clear answer. */
  unclearRequests: number;
  refusedRequests: number;
  /** I1 */
  lost: number;
  /** Acknowledged, and ended as failed or canceled with a reason. */
  givenUp: number;
  unfinished: number;
  /** I2 */
  unknownReceipts: number;
  unreceivedAttempts: number;
  /** I3 */
  badSignatures: number;
  badBodies: number;
  /** I4 */
  inFlight: number;
  duplicates: number;
  unexplainedDuplicates: number;
  /** I5 */
  unloggedReceipts: number;
  unexplainedUnloggedReceipts: number;
  /** I6 */
  queueRows: number;
  mostOverdueMs: number | null;
  /** I7 */
  p95BeforeMs: number | null;
  p95DuringMs: number | null;
  /** I8; null: there was no fault. */
  recoveryMs: number | null;
  /** I10 */
  resources: Evidence['resources'];
}

export function findIn(evidence: Evidence): Findings {
  const index = indexLedger(evidence);
  const outcomes = evidence.producer.filter((entry) => entry.kind === 'outcome');
  return {
    events: index.intended.size,
    acknowledged: index.acknowledged.size,
    unclearRequests: outcomes.filter(({ unclearTries }) => unclearTries > 0).length,
    refusedRequests: outcomes.filter(({ result }) => result === 'refused').length,
    ...findLost(evidence, index),
    unfinished: evidence.deliveries.filter(({ status }) => status === 'pending').length,
    unknownReceipts: findUnknown(index),
    badSignatures: index.receipts.filter((receipt) => !isSignedRight(receipt)).length,
    badBodies: index.receipts.filter((receipt) => !isBodyRight(receipt)).length,
    inFlight: evidence.faults.reduce((sum, { inFlight }) => sum + inFlight.length, 0),
    ...findDuplicates(evidence, index),
    ...findUnlogged(evidence, index),
    queueRows: evidence.queueRows,
    mostOverdueMs: evidence.mostOverdueMs,
    ...findLatency(evidence, index),
    recoveryMs: findRecovery(evidence, index),
    resources: evidence.resources,
  };
}

/** Deliveries that are owed: of acknowledged events by their types, and whatever else the log says it has delivered. */
function findLost(evidence: Evidence, index: LedgerIndex): Pick<Findings, 'lost' | 'givenUp'> {
  const owed = new Set(
    evidence.deliveries.filter(({ status }) => status === 'succeeded').map((delivery) => pairOf(delivery)),
  );
  for (const { id, eventType } of index.acknowledged.values()) {
    for (const { webhookId, eventTypes } of evidence.hooks) {
      if (eventTypes === null || eventTypes.includes(eventType)) owed.add(pairOf({ eventId: id, webhookId }));
    }
  }
  const missing = [...owed].filter((pair) => !index.receiptsOf.get(pair)?.some(isSuccess));
  const givenUp = missing.filter((pair) => isGivenUp(pair, index)).length;
  return { lost: missing.length - givenUp, givenUp };
}

function isGivenUp(pair: string, { deliveryOf, attemptsOf }: LedgerIndex): boolean {
  const delivery = deliveryOf.get(pair);
  if (delivery?.status === 'canceled') return delivery.cancelReason !== null;
  if (delivery?.status !== 'failed') return false;
  const last = attemptsOf.get(delivery.id)?.at(-1);
  return last !== undefined && (last.error !== null || last.status !== null);
}

function isSuccess({ answer }: ReadReceipt): boolean {
  return answer >= 200 && answer <= 299;
}

/** Nobody intended it, it came to the wrong webhook, or it is a second event made of one intent. */
function findUnknown({ receipts, acknowledged }: LedgerIndex): number {
  const eventIdOf = new Map([...acknowledged].map(([ref, { id }]) => [ref, id]));
  return receipts.filter(({ intended, target, eventId, webhookId }) => {
    if (!intended || !target || target.webhookId !== webhookId) return true;
    if (target.eventTypes !== null && !target.eventTypes.includes(intended.eventType)) return true;
    if (!eventIdOf.has(intended.ref)) eventIdOf.set(intended.ref, eventId);
    return eventIdOf.get(intended.ref) !== eventId;
  }).length;
}

/** Both signatures, the second under the name of whichever process sent it. */
function isSignedRight({ headers, body, target }: ReadReceipt): boolean {
  if (!target) return true;
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  const hmac = (text: string): string => createHmac('sha256', target.secret).update(text).digest('base64');
  const own = Object.entries(headers).filter(([, value]) => value === `format=sha256,v=${hmac(body)}`);
  return own.length === 1 && signature === `v1,${hmac(`${id}.${timestamp}.${body}`)}`;
}

/** The documented envelope around the payload as it was written, to the byte. */
function isBodyRight({ headers, body, bodySha256, eventId, intended, target }: ReadReceipt): boolean {
  if (!intended || !target) return true;
  const createdAt = /"created_at":"([^"]+)"/.exec(body)?.[1];
  const expected =
    `{"id":"${eventId}","event":"${intended.eventType}","payload":${intended.payload},` +
    `"environment_id":"${target.environmentId}","created_at":"${createdAt}","webhook_id":"${target.webhookId}"}`;
  const sha256 = createHash('sha256').update(expected).digest('hex');
  return body === expected && bodySha256 === sha256 && headers['webhook-id'] === eventId;
}

/**
 * A delivery that was answered 2xx more than once. A fault explains one more for a delivery that its process held, if
 * that process was answered 2xx under the lease it held then.
 */
function findDuplicates(
  { faults }: Evidence,
  index: LedgerIndex,
): Pick<Findings, 'duplicates' | 'unexplainedDuplicates'> {
  const held = heldAt(faults);
  let duplicates = 0;
  let explained = 0;
  for (const [pair, receipts] of index.receiptsOf) {
    const more = Math.max(0, receipts.filter(isSuccess).length - 1);
    const reasons = (held.get(index.deliveryOf.get(pair)?.id ?? '') ?? [])
      .map((fault) => receiptUnderLease(fault, receipts))
      .filter((receipt) => receipt !== null && isSuccess(receipt));
    duplicates += more;
    explained += Math.min(more, reasons.length);
  }
  return { duplicates, unexplainedDuplicates: duplicates - explained };
}

/** The faults by the deliveries that were held in their moment. */
function heldAt(faults: readonly Fault[]): Map<string, Fault[]> {
  const pairs = faults.flatMap((fault) => fault.inFlight.map((delivery) => ({ delivery, fault })));
  const groups = groupBy(pairs, ({ delivery }) => delivery);
  return new Map([...groups].map(([delivery, group]) => [delivery, group.map(({ fault }) => fault)]));
}

/**
 * Receipts that no attempt tells of, and attempts with an answer that nobody gave. A process that is killed cannot log
 * what it was doing: that explains the one request of each lease that it held.
 */
function findUnlogged(
  { faults, attempts }: Evidence,
  index: LedgerIndex,
): Pick<Findings, 'unloggedReceipts' | 'unexplainedUnloggedReceipts' | 'unreceivedAttempts'> {
  const held = heldAt(faults.filter(({ kind }) => kind === 'kill'));
  let unlogged = 0;
  let explained = 0;
  let logged = 0;
  for (const [pair, receipts] of index.receiptsOf) {
    const delivery = index.deliveryOf.get(pair)?.id ?? '';
    const rows = [...(index.attemptsOf.get(delivery) ?? [])];
    const missing = receipts.filter((receipt) => !takeMatch(rows, receipt));
    const excused = new Set((held.get(delivery) ?? []).map((fault) => receiptUnderLease(fault, receipts)));
    unlogged += missing.length;
    explained += missing.filter((receipt) => excused.has(receipt)).length;
    logged += (index.attemptsOf.get(delivery)?.filter(isAnswered).length ?? 0) - rows.filter(isAnswered).length;
  }
  return {
    unloggedReceipts: unlogged,
    unexplainedUnloggedReceipts: unlogged - explained,
    unreceivedAttempts: attempts.filter(isAnswered).length - logged,
  };
}

/** Takes the attempt that made this request out of the rows: the signatures say which, down to the second. */
function takeMatch(rows: LoggedAttempt[], { headers }: ReadReceipt): boolean {
  const at = rows.findIndex(({ requestHeaders }) =>
    Object.entries(requestHeaders).every(([name, value]) => headers[name] === value),
  );
  if (at >= 0) rows.splice(at, 1);
  return at >= 0;
}

function isAnswered({ status }: LoggedAttempt): boolean {
  return status !== null;
}

/** From the acknowledgement to a healthy webhook's receipt, which may come first; without what a fault held. */
function findLatency(
  { faults, hooks, firstMeasuredRequest }: Evidence,
  index: LedgerIndex,
): Pick<Findings, 'p95BeforeMs' | 'p95DuringMs'> {
  const from = Math.min(...faults.map(({ at }) => at));
  const until = Math.max(...faults.map(({ endedAt }) => endedAt));
  const held = new Set(faults.flatMap(({ inFlight }) => inFlight));
  const samples = [...index.acknowledged.values()]
    .filter(({ outcome }) => outcome.request >= firstMeasuredRequest)
    .flatMap(({ id, outcome: { at } }) =>
      hooks
        .filter(({ isHealthy }) => isHealthy)
        .flatMap(({ webhookId }) => {
          const pair = pairOf({ eventId: id, webhookId });
          const first = index.receiptsOf.get(pair)?.[0];
          const isHeld = held.has(index.deliveryOf.get(pair)?.id ?? '');
          return first && !isHeld ? [{ at, ms: Math.max(0, first.at - at) }] : [];
        }),
    );
  const p95 = (chosen: typeof samples): number | null =>
    quantile(
      chosen.map(({ ms }) => ms),
      0.95,
    );
  return {
    p95BeforeMs: p95(samples.filter(({ at }) => at < from)),
    p95DuringMs: p95(samples.filter(({ at }) => at >= from && at <= until)),
  };
}

/**
 * From a fault until events are accepted again and the healthy webhooks have everything that was acknowledged before
 * it, whichever is later; of several faults the longest.
 */
function findRecovery({ faults, hooks }: Evidence, index: LedgerIndex): number | null {
  const healthy = new Set(hooks.filter(({ isHealthy }) => isHealthy).map(({ webhookId }) => webhookId));
  const acknowledgedAt = new Map([...index.acknowledged.values()].map(({ id, outcome }) => [id, outcome.at]));
  const firsts = [...index.receiptsOf.values()]
    .filter(([first]) => healthy.has(first!.webhookId))
    .map((receipts) => ({ since: acknowledgedAt.get(receipts[0]!.eventId) ?? Infinity, at: firstSuccessAt(receipts) }));
  const recoveries = faults.map(({ at: faultAt }) => {
    const accepted = Math.min(...[...acknowledgedAt.values()].filter((at) => at > faultAt));
    const received = firsts.filter(({ since }) => since <= faultAt).map(({ at }) => at);
    return Math.max(0, Number.isFinite(accepted) ? accepted - faultAt : 0, ...received.map((at) => at - faultAt));
  });
  return recoveries.length > 0 ? Math.max(...recoveries) : null;
}

function firstSuccessAt(receipts: readonly ReadReceipt[]): number {
  return (receipts.find(isSuccess) ?? receipts.at(-1)!).at;
}
