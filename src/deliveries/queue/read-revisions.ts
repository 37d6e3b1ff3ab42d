import type { Queryable } from '../../database/queryable.js';

export async function readRevisions(database: Queryable, webhookIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await database.query<{ id: string; revision: number }[]>(
    'SELECT id, revision FROM webhook WHERE id = ANY ($1::uuid[])',
    [webhookIds],
  );
  return new Map(rows.map(({ id, revision }) => [id, revision]));
}
