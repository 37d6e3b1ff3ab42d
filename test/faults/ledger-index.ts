import type { Evidence, Fault, Hook, LoggedAttempt, LoggedDelivery } from './evidence.js';
import { groupBy } from './group-by.js';
import { refIn, type IntendedEvent, type Outcome, type Receipt } from './ledger.js';

/** A request of the receiver's ledger with what it is about. */
export interface ReadReceipt extends Receipt {
  /** Members of the body; empty when it has none. */
  eventId: string;
  webhookId: string;
  /** What was intended under the body's reference; null: nobody intended it. */
  intended: IntendedEvent | null;
  /** The webhook of the path; null: there is none. */
  target: Hook | null;
}

/** An acknowledged event. */
export interface AcknowledgedEvent extends IntendedEvent {
  id: string;
  outcome: Outcome;
}

/** The three logs, joined: by event, by delivery and by attempt. */
export interface LedgerIndex {
  intended: Map<string, IntendedEvent>;
  acknowledged: Map<string, AcknowledgedEvent>;
  /** By event and webhook, in the order of their arrival. */
  receiptsOf: Map<string, ReadReceipt[]>;
  receipts: ReadReceipt[];
  deliveryOf: Map<string, LoggedDelivery>;
  /** By delivery, in the order of their numbers. */
  attemptsOf: Map<string, LoggedAttempt[]>;
}

/** What a receiver and the log both call a delivery by. */
export function pairOf({ eventId, webhookId }: { eventId: string; webhookId: string }): string {
  return `${eventId}/${webhookId}`;
}

export function indexLedger(evidence: Evidence): LedgerIndex {
  const intents = evidence.producer.filter((entry) => entry.kind === 'intent');
  const intended = new Map(intents.flatMap(({ events }) => events.map((event) => [event.ref, event] as const)));
  const hooks = new Map(evidence.hooks.map((hook) => [hook.path, hook]));
  const receipts = evidence.receipts
    .toSorted((a, b) => a.at - b.at)
    .map((receipt) => readReceipt(receipt, intended, hooks));
  return {
    intended,
    acknowledged: acknowledgedEvents(evidence),
    receipts,
    receiptsOf: groupBy(receipts, pairOf),
    deliveryOf: new Map(evidence.deliveries.map((delivery) => [pairOf(delivery), delivery])),
    attemptsOf: groupBy(
      evidence.attempts.toSorted((a, b) => a.number - b.number),
      ({ deliveryId }) => deliveryId,
    ),
  };
}

function acknowledgedEvents({ producer }: Evidence): Map<string, AcknowledgedEvent> {
  const eventsOf = new Map(
    producer.filter((entry) => entry.kind === 'intent').map(({ request, events }) => [request, events]),
  );
  const accepted = producer.filter((entry) => entry.kind === 'outcome').filter(({ result }) => result === 'accepted');
  return new Map(
    accepted.flatMap((outcome) =>
      eventsOf
        .get(outcome.request)!
        .map((event, index) => [event.ref, { ...event, id: outcome.eventIds[index] ?? '', outcome }] as const),
    ),
  );
}

function readReceipt(
  receipt: Receipt,
  intended: ReadonlyMap<string, IntendedEvent>,
  hooks: ReadonlyMap<string, Hook>,
): ReadReceipt {
  return {
    ...receipt,
    eventId: memberIn(receipt.body, 'id'),
    webhookId: memberIn(receipt.body, 'webhook_id'),
    intended: intended.get(refIn(receipt.body) ?? '') ?? null,
    target: hooks.get(receipt.hook) ?? null,
  };
}

function memberIn(body: string, name: string): string {
  return new RegExp(`"${name}":"([^"]*)"`).exec(body)?.[1] ?? '';
}

/** After a stop or a kill what was on its way still arrives. */
const ARRIVAL_MS = 1_000;

/**
 * The request that a process made under the lease it held at the fault: the last one it had made until then, or else
 * the first one afterwards, when a stopped process went on. Null: it made none.
 */
export function receiptUnderLease(fault: Fault, receipts: readonly ReadReceipt[]): ReadReceipt | null {
  const own = receipts.filter(({ headers }) => fault.process !== null && fault.process in headers);
  return own.findLast(({ at }) => at <= fault.at + ARRIVAL_MS) ?? own[0] ?? null;
}
