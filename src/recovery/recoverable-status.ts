/** `missed`: never owed to the webhook. The others: how a delivery ended. */
export const RECOVERABLE_STATUSES = ['missed', 'failed', 'canceled', 'succeeded'] as const;
export type RecoverableStatus = (typeof RECOVERABLE_STATUSES)[number];
