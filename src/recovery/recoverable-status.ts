/** What `recover` can bring back: what was never owed to the webhook, and deliveries by how they ended. */
export const RECOVERABLE_STATUSES = ['missed', 'failed', 'canceled', 'succeeded'] as const;
export type RecoverableStatus = (typeof RECOVERABLE_STATUSES)[number];
