import type { Queryable } from '../database/queryable.js';

/** What decides whether a webhook gets an event. */
export interface WebhookState {
  isActive: boolean;
  isDeleted: boolean;
  /** Null: every type. */
  eventTypes: readonly string[] | null;
  changedAt: Date;
}

export interface WebhookStates {
  webhookId: string;
  /** The state at an instant, the one before and the one after, if there are such; oldest first. */
  states: WebhookState[];
}

/**
 * Every webhook, deleted ones too, newest first, with two look-ups in the index for each. So the time does not depend
 * on the number of its changes, nor on how old the instant is.
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
