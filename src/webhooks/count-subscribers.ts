import type { Queryable } from '../database/queryable.js';

const COUNT = `
  SELECT environment_id AS "environmentId", type, count(*)::int AS count
  FROM webhook w LEFT JOIN LATERAL unnest(w.event_types) AS type ON true
  WHERE w.is_active AND w.environment_id = ANY ($1::uuid[])
  GROUP BY environment_id, type`;

export interface SubscriberCount {
  environmentId: string;
  /** Null: subscribed to all types. */
  type: string | null;
  count: number;
}

export function countSubscribers(database: Queryable, environmentIds: readonly string[]): Promise<SubscriberCount[]> {
  return database.query<SubscriberCount[]>(COUNT, [environmentIds]);
}
