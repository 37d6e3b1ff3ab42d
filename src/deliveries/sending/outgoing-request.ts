import { bodySignature, standardSignature, type SignatureEncoding } from './signer.js';
import type { OutgoingEvent } from '../delivery.types.js';

export interface SigningOptions {
  userAgent: string;
  signatureHeader: string;
  signatureEncoding: SignatureEncoding;
}

/**
 * The body that a receiver gets. The payload goes in as written: parsing it would change numbers, key order and
 * escapes.
 */
export function envelopeOf(event: OutgoingEvent, environmentId: string, webhookId: string): Buffer {
  return Buffer.from(
    `{"id":"${event.id}","event":"${event.type}","payload":${event.payload},"environment_id":"${environmentId}",` +
      `"created_at":"${event.createdAt.toISOString()}","webhook_id":"${webhookId}"}`,
  );
}

/**
 * The headers of one attempt.
 *
 * @param secrets live secrets, newest first, at least one. The body signature uses the oldest: receivers that know only
 *   the old secret keep working while a rotation overlaps.
 * @param startedAt the receiver checks the timestamp's age.
 */
export function signedHeaders(
  body: Buffer,
  eventId: string,
  secrets: readonly string[],
  startedAt: Date,
  options: SigningOptions,
): Record<string, string> {
  const timestamp = Math.floor(startedAt.getTime() / 1000);
  return {
    // Some firewalls refuse a request without it.
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': options.userAgent,
    'webhook-id': eventId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': standardSignature(secrets, eventId, timestamp, body),
    [options.signatureHeader.toLowerCase()]: bodySignature(secrets.at(-1)!, body, options.signatureEncoding),
  };
}
