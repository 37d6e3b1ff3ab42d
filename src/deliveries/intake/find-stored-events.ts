import type { Queryable } from '../../database/queryable.js';
import type { IncomingEvent } from './accept-events.js';

/** The ids of those of the events that are in the table. */
export async function findStoredEvents(
  database: Queryable,
  events: readonly IncomingEvent[],
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ id: string }[]>(
    `SELECT e.id FROM unnest($1::uuid[], $2::uuid[]) AS sought (environment_id, id)
     JOIN event e ON e.environment_id = sought.environment_id AND e.id = sought.id`,
    [events.map(({ environmentId }) => environmentId), events.map(({ id }) => id)],
  );
  return new Set(rows.map(({ id }) => id));
}
