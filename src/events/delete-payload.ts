import type { Queryable } from '../database/queryable.js';

/**
 * Waits for `holdPayload`, and keeps later ones out until the transaction ends. The old version of the row is on disk
 * until VACUUM.
 *
 * @returns whether there was a payload; null: there is no such event.
 */
export async function deletePayload(database: Queryable, environmentId: string, id: string): Promise<boolean | null> {
  const parameters = [environmentId, id];
  // Locked first: an UPDATE alone does not tell whether it or another one deleted the payload.
  const [event] = await database.query<{ hasPayload: boolean }[]>(
    `SELECT payload IS NOT NULL AS "hasPayload" FROM event WHERE environment_id = $1 AND id = $2 FOR NO KEY UPDATE`,
    parameters,
  );
  if (event?.hasPayload) {
    await database.query('UPDATE event SET payload = NULL WHERE environment_id = $1 AND id = $2', parameters);
  }
  return event?.hasPayload ?? null;
}
