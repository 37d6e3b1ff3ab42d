import { type IdFilter, idRangeOf, idsInRange } from '../reads/id-range.js';
import { type ListPart, mapPart, SCAN_LIMIT, type Scanned, toPart, toScannedPart } from '../reads/page.js';
import {
  DELIVERY_COUNTS_OF_EVENT,
  type DeliveryCounts,
  parametersOfEvent,
} from '../deliveries/queue/deliveries-of-event.js';
import type { Queryable } from '../database/queryable.js';
import { columnsOf } from '../database/statements/columns.js';
import { boolean, integer, nullable, text, uuid, uuidArray } from '../database/statements/parameter-types.js';
import { StoredStatement } from '../database/statements/stored-statement.js';

export interface EventRow {
  id: string;
  environmentId: string;
  eventType: string;
  createdAt: Date;
}

export interface EventDetail extends EventRow {
  /** Null when it was deleted. */
  payload: string | null;
  deliveries: DeliveryCounts;
}

export interface EventFilter extends IdFilter {
  environmentId: string;
  eventType: string | null;
  isTest: boolean;
  before: string | null;
  limit: number;
}

/** A test event is sent under another type's name, but is listed as a test. */
const TYPE = `CASE WHEN is_test THEN 'test' ELSE event_type END`;

const COLUMNS = `id, environment_id AS "environmentId", ${TYPE} AS "eventType", created_at AS "createdAt"`;

const LISTED = `e.id, e.environment_id, ${TYPE} AS event_type, e.created_at`;
const LISTED_TYPES = { id: 'uuid', environment_id: 'uuid', event_type: 'text', created_at: 'timestamptz' } as const;

const listParameters = {
  environment_id: uuid,
  event_type: nullable(text),
  from_id: uuid,
  to_id: uuid,
  limit: integer,
  is_test: boolean,
};

/** SQL: the wanted ones among the newest `scan_limit` that meet the condition, and the last of these. */
const wantedAmong = (condition: string): string => `
  SELECT * FROM (
    SELECT ${LISTED}, e.is_test = p_is_test AND (p_event_type IS NULL OR ${TYPE} = p_event_type) AS is_wanted,
      row_number() OVER (ORDER BY e.id DESC) = p_scan_limit AS is_scan_end
    FROM event e
    WHERE ${condition} AND e.environment_id = p_environment_id AND e.id >= p_from_id AND e.id < p_to_id
    ORDER BY e.id DESC LIMIT p_scan_limit
  ) scanned
  WHERE is_wanted OR is_scan_end
  ORDER BY id DESC LIMIT p_limit`;

/**
 * Newest first. The type has no index, because every event would be written to it: `scan_limit` events are looked at,
 * or fewer when `limit` are found before. Tests have one.
 */
export const LIST_EVENTS = new StoredStatement({
  name: 'list_events',
  parameters: { ...listParameters, scan_limit: integer },
  returns: columnsOf<StoredEventRow & Scanned>({ ...LISTED_TYPES, is_wanted: 'bool', is_scan_end: 'bool' }),
  sql: `
  (${wantedAmong('NOT p_is_test')})
  UNION ALL (${wantedAmong('p_is_test AND e.is_test')})
  ORDER BY id DESC LIMIT p_limit`,
});

/** Looks each id up. `from_id` and `to_id` are the first and last of them. */
export const LIST_EVENTS_BY_ID = new StoredStatement({
  name: 'list_events_by_id',
  parameters: { ...listParameters, ids: uuidArray },
  returns: columnsOf<StoredEventRow>(LISTED_TYPES),
  sql: `
  SELECT ${LISTED} FROM event e
  WHERE e.environment_id = p_environment_id AND e.id = ANY (p_ids) AND e.id >= p_from_id AND e.id <= p_to_id
    AND e.is_test = p_is_test AND (p_event_type IS NULL OR ${TYPE} = p_event_type)
  ORDER BY e.id DESC LIMIT p_limit`,
});

interface StoredEventRow {
  id: string;
  environment_id: string;
  event_type: string;
  created_at: Date;
}

/** @param scanLimit events looked at: more than the filter's limit. */
export async function listEvents(
  database: Queryable,
  filter: EventFilter,
  scanLimit: number = SCAN_LIMIT,
): Promise<ListPart<EventRow>> {
  const { environmentId, eventType, isTest, limit } = filter;
  const ids = filter.ids && idsInRange(filter.ids, filter).sort();
  if (ids?.length === 0) return { rows: [], next: null };
  const asked = { environment_id: environmentId, event_type: eventType, limit: limit + 1, is_test: isTest };
  if (ids) {
    const rows = await LIST_EVENTS_BY_ID.run(database, { ...asked, from_id: ids[0]!, to_id: ids.at(-1)!, ids });
    return mapPart(
      toPart(rows, limit, ({ id }) => id),
      toEventRow,
    );
  }
  const [from, to] = idRangeOf(filter);
  const rows = await LIST_EVENTS.run(database, { ...asked, from_id: from, to_id: to, scan_limit: scanLimit });
  return mapPart(
    toScannedPart(rows, limit, ({ id }) => id),
    toEventRow,
  );
}

function toEventRow({ id, environment_id, event_type, created_at }: StoredEventRow): EventRow {
  return { id, environmentId: environment_id, eventType: event_type, createdAt: created_at };
}

export async function findEventHead(database: Queryable, environmentId: string, id: string): Promise<EventRow | null> {
  const [row] = await database.query<EventRow[]>(`SELECT ${COLUMNS} FROM event WHERE environment_id = $1 AND id = $2`, [
    environmentId,
    id,
  ]);
  return row ?? null;
}

export async function findEvent(database: Queryable, environmentId: string, id: string): Promise<EventDetail | null> {
  const [row] = await database.query<(EventRow & DeliveryCounts & { payload: string | null })[]>(
    `SELECT ${COLUMNS}, payload, counts.*
     FROM event
     CROSS JOIN LATERAL (${DELIVERY_COUNTS_OF_EVENT}
     ) counts
     WHERE id = $2 AND environment_id = $1`,
    parametersOfEvent(environmentId, id),
  );
  if (!row) return null;
  const { pending, succeeded, failed, canceled, ...event } = row;
  return { ...event, deliveries: { pending, succeeded, failed, canceled } };
}
