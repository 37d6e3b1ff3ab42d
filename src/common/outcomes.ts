/**
 * Why a request got no answer, in words that tell a receiver's engineer what to look at and nobody what an internal
 * name resolves to or which errno it met.
 */
export const EGRESS_ERRORS = [
  /** The target is, or resolves to, an address that the policy does not allow. */
  'blocked_address',
  /** The host name has no address, or the name servers did not answer in time. */
  'dns_error',
  /** No connection within the connect timeout. */
  'connect_timeout',
  /** The connection was refused or there is no route. */
  'connect_error',
  /** The certificate or the TLS handshake failed. */
  'tls_error',
  /** The connection was closed before an answer. */
  'reset',
  /** The whole exchange took longer than the attempt may. */
  'timeout',
  /** The answer's headers are larger than 16 KiB. */
  'response_too_large',
  /** The answer is not HTTP/1.1. */
  'protocol_error',
] as const;
export type EgressErrorKind = (typeof EGRESS_ERRORS)[number];

/** Why an attempt got no answer: what egress can meet, and what can go wrong before the first byte is sent. */
export const ATTEMPT_ERRORS = [...EGRESS_ERRORS, 'secret_unavailable', 'payload_unavailable', 'worker_lost'] as const;
export type AttemptError = (typeof ATTEMPT_ERRORS)[number];

/** What `recover` can bring back: what was never owed to the webhook, and deliveries by how they ended. */
export const RECOVERABLE_STATUSES = ['missed', 'failed', 'canceled', 'succeeded'] as const;
export type RecoverableStatus = (typeof RECOVERABLE_STATUSES)[number];

/** Why a delivery was canceled. */
export const CANCEL_REASONS = ['webhook_inactive', 'webhook_deleted', 'stopped'] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];
