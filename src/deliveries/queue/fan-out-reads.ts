import type { Queryable } from '../../database/queryable.js';
import type { PendingOwner } from './count-pending.js';

/**
 * What an event owes and what is no delivery yet (expand-fan-out.ts). Whoever tells of deliveries asks for both: first for
 * what is owed, then for the deliveries, because what is made meanwhile is then seen twice and not missed.
 */

/** SQL: the condition that the row `f` is of this event, and `place` its place there, from 1. */
const isOfEvent = (environmentId: string, eventId: string): string => `
  f.environment_id = ${environmentId} AND f.first_event_id <= ${eventId} AND f.last_event_id >= ${eventId}
    AND ${eventId} = ANY (f.event_ids)`;
const placed = (eventId: string): string => `
  CROSS JOIN LATERAL (
    SELECT array_position(f.event_ids, ${eventId}) AS place, cardinality(f.webhook_ids) AS width OFFSET 0
  ) p`;

/** SQL: how many deliveries of the event are to be made yet. */
export function owedOfEventSql(environmentId: string, eventId: string): string {
  return `(
    SELECT coalesce(sum(least(p.width, greatest(0, p.place * p.width - f.made))), 0)::int
    FROM fan_out f ${placed(eventId)}
    WHERE ${isOfEvent(environmentId, eventId)}
  )`;
}

/** Those of these webhooks that are owed the event. */
export async function listOwedWebhooks(
  database: Queryable,
  environmentId: string,
  eventId: string,
  webhookIds: readonly string[],
): Promise<string[]> {
  const rows = await database.query<{ id: string }[]>(
    `SELECT owed.id
     FROM fan_out f ${placed('$2::uuid')}
     CROSS JOIN LATERAL unnest(f.webhook_ids[greatest(0, f.made - (p.place - 1) * p.width) + 1 :]) AS owed (id)
     WHERE ${isOfEvent('$1::uuid', '$2::uuid')} AND owed.id = ANY ($3::uuid[])`,
    [environmentId, eventId, webhookIds],
  );
  return rows.map(({ id }) => id);
}

/**
 * SQL: the ids of events that are owed to the webhook, of the environment's rows whose events are between two ids. The pairs
 * are numbered from 0, all webhooks of one event after those of the event before.
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

/** How many deliveries of an environment, or of a webhook, are to be made yet. */
export async function countOwed(database: Queryable, owner: PendingOwner, id: string): Promise<number> {
  const [row] = await database.query<[{ count: number }]>(COUNT[owner], [id]);
  return row.count;
}
