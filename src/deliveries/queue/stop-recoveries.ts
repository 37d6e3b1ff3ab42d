import type { Queryable } from '../../database/queryable.js';

/** Waits for a transaction that is queueing: afterwards these recoveries queue nothing more. */
export async function stopRecoveries(database: Queryable, webhookIds: readonly string[]): Promise<number> {
  const [row] = await database.query<[{ count: number }]>(
    `WITH stopped AS (
       UPDATE recovery SET status = 'stopped', completed_at = clock_timestamp()
       WHERE status = 'running' AND webhook_id = ANY ($1::uuid[])
       RETURNING 1
     )
     SELECT count(*)::int AS count FROM stopped`,
    [webhookIds],
  );
  return row.count;
}
