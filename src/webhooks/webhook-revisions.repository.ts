import type { Queryable } from '../database/queryable.js';

/** What decides whether a webhook gets an event, from `changedAt` until the next change. */
export interface WebhookState {
  isActive: boolean;
  isDeleted: boolean;
  /** Null: every type. */
  eventTypes: readonly string[] | null;
  changedAt: Date;
}

/** A webhook as it was around an instant. */
export interface WebhookStates {
  webhookId: string;
  /** Oldest first: the state of the instant, the one before it and the one after it, as far as there are such. */
  states: WebhookState[];
}

/**
 * Every webhook that there was or is, deleted ones too, newest first, each with two look-ups in the index: neither how
 * often it was changed nor how long ago the instant was makes a difference.
 */
const STATES_AROUND = `
  SELECT w.id AS webhook_id, r.is_active, r.is_deleted, r.event_types, r.changed_at
  FROM (
    SELECT id FROM webhook
    WHERE environment_id = $1 AND ($3::uuid IS NULL OR id < $3)
    ORDER BY id DESC LIMIT $4
  ) w
  CROSS JOIN LATERAL (
    (
      SELECT r.* FROM webhook_revision r
      WHERE r.environment_id = $1 AND r.webhook_id = w.id AND r.changed_at <= $2
      ORDER BY r.changed_at DESC LIMIT 2
    )
    UNION ALL (
      SELECT r.* FROM webhook_revision r
      WHERE r.environment_id = $1 AND r.webhook_id = w.id AND r.changed_at > $2
      ORDER BY r.changed_at LIMIT 1
    )
  ) r
  ORDER BY w.id DESC, r.changed_at`;

interface Row {
  webhook_id: string;
  is_active: boolean;
  is_deleted: boolean;
  event_types: string[] | null;
  changed_at: Date;
}

/** @param before the id that the page before ended with. */
export async function listWebhookStates(
  database: Queryable,
  { environmentId, at, before, limit }: { environmentId: string; at: Date; before: string | null; limit: number },
): Promise<WebhookStates[]> {
  const rows = await database.query<Row[]>(STATES_AROUND, [environmentId, at, before, limit]);
  const webhooks: WebhookStates[] = [];
  for (const row of rows) {
    if (webhooks.at(-1)?.webhookId !== row.webhook_id) webhooks.push({ webhookId: row.webhook_id, states: [] });
    webhooks.at(-1)!.states.push({
      isActive: row.is_active,
      isDeleted: row.is_deleted,
      eventTypes: row.event_types,
      changedAt: row.changed_at,
    });
  }
  return webhooks;
}
