import type { AttemptError, CancelReason } from '../common/outcomes.js';
import type { RequestTimings } from '../egress/request-timings.js';

export type { AttemptError, CancelReason };

export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed', 'canceled'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Why a due delivery waits. */
export const DELIVERY_HOLDS = ['paused', 'down', 'recovering', 'capacity'] as const;
export type DeliveryHold = (typeof DELIVERY_HOLDS)[number];

export interface SealedSecret {
  id: string;
  key_id: string;
  /** Base64. */
  ciphertext: string;
  /** Unix milliseconds, from which it signs nothing; null: no end. */
  expires_at_ms: number | null;
}

/** The webhook as one statement read it. */
export interface Target {
  environmentId: string;
  webhookId: string;
  targetUrl: string;
  revision: number;
  /** Live ones, newest first. */
  secrets: SealedSecret[];
}

export interface OutgoingEvent {
  id: string;
  /** The envelope's `event` member. */
  type: string;
  /** JSON text, sent as written. */
  payload: string;
  createdAt: Date;
}

export interface LeasedDelivery {
  id: string;
  lease: string;
  target: Target;
  /** Null when retention has dropped it or its payload was deleted: nothing can be sent. */
  event: OutgoingEvent | null;
  attemptCount: number;
  /** Failed attempts since the schedule began, without probes: 0 or more. */
  failures: number;
  isTest: boolean;
  /** Somebody asked for this attempt. */
  isForced: boolean;
  /** The attempt asks whether a down endpoint is up again: a failure does not count for the schedule. */
  isProbe: boolean;
  /** `performance.now()` from before the statement that read the target was sent. */
  readAt: number;
}

export interface AttemptRecord {
  startedAt: Date;
  durationMs: number;
  timings: Omit<RequestTimings, 'sentAt'>;
  /** From the start to the first byte sent, in milliseconds; null: none was sent. Not logged. */
  sentAfterMs: number | null;
  outcome: 'succeeded' | 'failed';
  error: AttemptError | null;
  request: { url: string; headers: Record<string, string> };
  response: { status: number; headers: Record<string, string>; body: string; bodyTruncated: boolean } | null;
}

export type Settlement =
  | { kind: 'succeeded' }
  | { kind: 'failed' }
  | { kind: 'canceled'; reason: CancelReason }
  /** `inMs` from now by the database's clock; null: due as before. */
  | { kind: 'waiting'; inMs: number | null };

export type SettledDelivery = Pick<LeasedDelivery, 'id' | 'lease' | 'target' | 'isTest' | 'isForced' | 'isProbe'>;

export interface DeliveryResult {
  delivery: SettledDelivery;
  attempt: AttemptRecord | null;
  settlement: Settlement;
  /** How long the receiver asked the whole webhook to pause (429 with `Retry-After`). */
  pauseWebhookMs: number | null;
}
