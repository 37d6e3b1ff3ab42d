import type { Queryable } from '../../database/queryable.js';
import type { PendingOwner } from './count-pending.js';

/**
 * SQL: the ids of events owed to the webhook, from the environment's rows whose events are between two ids. Pairs are
 * numbered from 0, event by event.
 */
export function owedToWebhookSql(environmentId: string, webhookId: string, from: string, to: string): string {
  return `
    SELECT owed.event_id
    FROM fan_out f
    CROSS JOIN LATERAL (
      SELECT array_position(f.webhook_ids, ${webhookId}) AS place, cardinality(f.webhook_ids) AS width OFFSET 0
    ) p
    CROSS JOIN LATERAL unnest(f.event_ids[(f.made + p.width - p.place) / p.width + 1 :]) AS owed (event_id)
    WHERE f.environment_id = ${environmentId} AND f.first_event_id < ${to} AND f.last_event_id >= ${from}
      AND p.place IS NOT NULL`;
}

const COUNT: Readonly<Record<PendingOwner, string>> = {
  environment: 'SELECT coalesce(sum(owed - made), 0)::float8 AS count FROM fan_out WHERE environment_id = $1',
  webhook: `
    SELECT coalesce(sum(cardinality(f.event_ids) - (f.made + p.width - p.place) / p.width), 0)::float8 AS count
    FROM fan_out f
    CROSS JOIN LATERAL (
      SELECT array_position(f.webhook_ids, $1) AS place, cardinality(f.webhook_ids) AS width OFFSET 0
    ) p
    WHERE f.environment_id = (SELECT w.environment_id FROM webhook w WHERE w.id = $1) AND p.place IS NOT NULL`,
};

export async function countOwed(database: Queryable, owner: PendingOwner, id: string): Promise<number> {
  const [row] = await database.query<[{ count: number }]>(COUNT[owner], [id]);
  return row.count;
}
