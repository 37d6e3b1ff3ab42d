import type { Queryable } from '../../database/queryable.js';

export const EVENT_OPERATION = 'event.create';

export interface KeyUse {
  eventId: string;
  contentHash: Buffer;
}

/** Looks up idempotency keys after the accepting statement: there, the loser of a race cannot see the winner. */
export async function findKeyUses(
  database: Queryable,
  environmentId: string,
  keys: readonly string[],
): Promise<Map<string, KeyUse>> {
  const rows = await database.query<{ key: string; resource_id: string; content_hash: Buffer }[]>(
    `SELECT key, resource_id, content_hash FROM idempotency_key
     WHERE environment_id = $1 AND operation = '${EVENT_OPERATION}' AND key = ANY ($2::text[])`,
    [environmentId, keys],
  );
  return new Map(rows.map((row) => [row.key, { eventId: row.resource_id, contentHash: row.content_hash }]));
}
