import type { AttemptError, CancelReason } from '../common/outcomes.js';
import type { RequestTimings } from '../egress/request-timings.js';

export type { AttemptError, CancelReason };

export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed', 'canceled'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What a delivery that is due waits for. */
export const DELIVERY_HOLDS = ['paused', 'down', 'recovering', 'capacity'] as const;
export type DeliveryHold = (typeof DELIVERY_HOLDS)[number];

/** A signing secret as it is stored. */
export interface SealedSecret {
  id: string;
  key_id: string;
  /** Base64. */
  ciphertext: string;
  /** Unix milliseconds from which it signs nothing any more; null: no end. */
  expires_at_ms: number | null;
}

/** The webhook as one statement saw it. */
export interface Target {
  environmentId: string;
  webhookId: string;
  targetUrl: string;
  revision: number;
  /** Live secrets, newest first. */
  secrets: SealedSecret[];
}

/** The event as the receiver gets it. */
export interface OutgoingEvent {
  id: string;
  /** The name in the envelope's `event` member. */
  type: string;
  /** JSON text, sent as written. */
  payload: string;
  createdAt: Date;
}

/** A delivery that this replica holds the lease of. */
export interface LeasedDelivery {
  id: string;
  lease: string;
  target: Target;
  /** Null when retention has dropped it: the delivery cannot be made. */
  event: OutgoingEvent | null;
  /** Attempts made before: 0 or more. */
  attemptCount: number;
  /** Those of them that failed and count for the schedule, since it began: 0 or more. */
  failures: number;
  isTest: boolean;
  /** Somebody asked for this attempt. */
  isForced: boolean;
  /** The attempt finds out whether an endpoint that is down is up again: a failure does not count for the schedule. */
  isProbe: boolean;
  /** `performance.now()` from before the statement that read the target was sent. */
  readAt: number;
}

/** One HTTP request made for a delivery, as it is logged. */
export interface AttemptRecord {
  startedAt: Date;
  durationMs: number;
  timings: Omit<RequestTimings, 'sentAt'>;
  /** From the start until the first byte was sent, in milliseconds; null: none was. Not logged. */
  sentAfterMs: number | null;
  outcome: 'succeeded' | 'failed';
  error: AttemptError | null;
  request: { url: string; headers: Record<string, string> };
  response: { status: number; headers: Record<string, string>; body: string; bodyTruncated: boolean } | null;
}

/** What becomes of a leased delivery. */
export type Settlement =
  | { kind: 'succeeded' }
  | { kind: 'failed' }
  | { kind: 'canceled'; reason: CancelReason }
  /** Waits again: `inMs` from now by the database's clock, or unchanged when the attempt never started. */
  | { kind: 'waiting'; inMs: number | null };

/** What recording a result needs of a delivery. */
export type SettledDelivery = Pick<LeasedDelivery, 'id' | 'lease' | 'target' | 'isTest' | 'isForced' | 'isProbe'>;

export interface DeliveryResult {
  delivery: SettledDelivery;
  attempt: AttemptRecord | null;
  settlement: Settlement;
  /** How long the receiver asked the whole webhook to pause (429 with `Retry-After`), in milliseconds. */
  pauseWebhookMs: number | null;
}
