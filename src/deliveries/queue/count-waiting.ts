import type { Queryable } from '../../database/queryable.js';

export async function countWaiting(database: Queryable, webhookId: string, limit: number): Promise<number> {
  const [row] = await database.query<{ waiting: number }[]>(
    `SELECT count(*)::int AS waiting FROM (
       SELECT 1 FROM delivery_queue WHERE lease IS NULL AND webhook_id = $1 LIMIT $2
     ) counted`,
    [webhookId, limit],
  );
  return row!.waiting;
}
