import { ATTEMPT_COLUMNS, DELIVERY_COLUMNS } from '../../src/deliveries/queue/columns.js';
import { payloadOf } from '../helpers/payload.js';
import type { CopyFormat, CopyRows } from './copy-rows.js';
import { type PastAttempt, type PastDelivery, textOfId } from './history.js';

const namesIn = (columns: string): string[] => columns.split(',').map((name) => name.trim());
const ATTEMPT_NAMES = namesIn(ATTEMPT_COLUMNS);

/** The bytes of a UUID, each text once. */
const uuidBytes = new Map<string, Buffer>();
function bytesOf(id: string): Buffer {
  let bytes = uuidBytes.get(id);
  if (!bytes) uuidBytes.set(id, (bytes = Buffer.from(id.replaceAll('-', ''), 'hex')));
  return bytes;
}

export const EVENT_ROWS: CopyFormat<PastDelivery> = {
  columns: ['id', 'environment_id', 'event_type', 'payload', 'created_at'],
  write(rows, { eventId, webhook, eventType, n, createdAtMs }) {
    rows.uuid(eventId);
    rows.uuid(bytesOf(webhook.environmentId));
    rows.text(eventType);
    rows.text(payloadOf(n, 0));
    rows.timestamp(createdAtMs);
  },
};

export const DELIVERY_ROWS: CopyFormat<PastDelivery> = {
  columns: [...namesIn(DELIVERY_COLUMNS), 'status', 'attempt_count', 'cancel_reason', 'completed_at', ...ATTEMPT_NAMES],
  write(rows, delivery) {
    const { attempts, completedAtMs, status } = delivery;
    writeOwed(rows, delivery);
    rows.text(status);
    rows.int4(attempts.length);
    rows.text(status === 'canceled' ? 'webhook_inactive' : null);
    rows.timestamp(completedAtMs);
    const last = attempts.at(-1);
    if (last) writeAttempt(rows, delivery, last);
    else for (const _ of ATTEMPT_NAMES) rows.null();
  },
};

/** Attempts that were followed by another. */
export const ATTEMPT_ROWS: CopyFormat<{ delivery: PastDelivery; attempt: PastAttempt }> = {
  columns: ['delivery_id', ...ATTEMPT_NAMES],
  write(rows, { delivery, attempt }) {
    rows.uuid(delivery.deliveryId);
    writeAttempt(rows, delivery, attempt);
  },
};

/**
 * They wait since their event, not yet attempted.
 *
 * @param dueAtMs Unix time in milliseconds.
 */
export function queueRows(dueAtMs: number): CopyFormat<PastDelivery> {
  return {
    columns: ['delivery_id', ...namesIn(DELIVERY_COLUMNS).slice(1), 'due_at'],
    write(rows, delivery) {
      writeOwed(rows, delivery);
      rows.timestamp(dueAtMs);
    },
  };
}

/** DELIVERY_COLUMNS. */
function writeOwed(rows: CopyRows, { deliveryId, eventId, webhook, eventType, createdAtMs }: PastDelivery): void {
  rows.uuid(deliveryId);
  rows.uuid(bytesOf(webhook.environmentId));
  rows.uuid(eventId);
  rows.uuid(bytesOf(webhook.id));
  rows.text(eventType);
  rows.timestamp(createdAtMs);
}

/** ATTEMPT_COLUMNS, on a connection that was open already, as most are. */
function writeAttempt(rows: CopyRows, { eventId, webhook }: PastDelivery, attempt: PastAttempt): void {
  const { number, lease, startedAtMs, durationMs, outcome, error, responseStatus } = attempt;
  const isAnswered = responseStatus !== null;
  rows.int4(number);
  rows.uuid(lease);
  rows.timestamp(startedAtMs);
  rows.int4(durationMs);
  rows.text(outcome);
  rows.text(error);
  rows.text(webhook.targetUrl);
  rows.text(requestHeaders(textOfId(eventId), startedAtMs));
  rows.int2(responseStatus);
  rows.text(isAnswered ? RESPONSE_HEADERS : null);
  rows.text(isAnswered ? 'OK' : null);
  if (isAnswered) rows.bool(false);
  else rows.null();
  // No look-up, no new connection, no handshake.
  rows.null();
  rows.null();
  rows.null();
  rows.int4(isAnswered ? durationMs : null);
  // Nor had the receiver closed the connection.
  rows.null();
}

const RESPONSE_HEADERS =
  '{"content-type":"text/plain; charset=utf-8","content-length":"2","date":"Tue, 24 Nov 2026 08:00:00 GMT","connection":"keep-alive"}';

/** Signatures are as long as the service's. */
const SIGNATURE = 's'.repeat(44);
const HEADERS_AFTER_TIME = `","webhook-signature":"v1,${SIGNATURE}","x-webhook-signature":"format=sha256,v=${SIGNATURE}"}`;

function requestHeaders(eventId: string, atMs: number): string {
  return `{"content-type":"application/json","user-agent":"Tidings/bench","webhook-id":"${eventId}","webhook-timestamp":"${Math.floor(atMs / 1_000)}${HEADERS_AFTER_TIME}`;
}
