import { idRangeOf, idsInRange, type IdFilter } from '../../reads/id-range.js';
import { type ListPart, SCAN_LIMIT, type Scanned, toPart, toScannedPart } from '../../reads/page.js';
import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import {
  boolean,
  integer,
  nullable,
  text,
  textArray,
  uuid,
  uuidArray,
} from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import { deliveryIdsOf } from '../delivery-ids.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../delivery.types.js';
import { withHolds } from './delivery-holds.js';
import { COLUMN_TYPES, COLUMNS, type DeliveryRow, HOLD_TYPES, LOGGED, QUEUED } from './delivery-reads.js';

export interface DeliveryFilter extends IdFilter {
  environmentId: string;
  webhookId: string | null;
  eventId: string | null;
  eventType: string | null;
  statuses: readonly DeliveryStatus[] | null;
  /** Status of the answer to the latest attempt. */
  responseStatus: StatusRange | null;
  /** Why the latest attempt got no answer. */
  error: string | null;
  /** Tests alone, or all but tests. */
  isTest: boolean;
  before: string | null;
  limit: number;
}

export interface StatusRange {
  from: number;
  to: number;
}

/** The statuses that a delivery can have if its latest attempt was answered or failed so. */
export function possibleStatuses({
  statuses,
  responseStatus,
  error,
}: Pick<DeliveryFilter, 'statuses' | 'responseStatus' | 'error'>): DeliveryStatus[] {
  const hasFailed = error !== null || (responseStatus && (responseStatus.to < 200 || responseStatus.from > 299));
  return (statuses ?? DELIVERY_STATUSES).filter((status) => !hasFailed || status !== 'succeeded');
}

const listParameters = {
  environment_id: uuid,
  event_id: nullable(uuid),
  event_type: nullable(text),
  from_id: uuid,
  to_id: uuid,
  limit: integer,
  statuses: textArray,
  response_status_from: nullable(integer),
  response_status_to: nullable(integer),
  error: nullable(text),
  is_test: boolean,
};
const scanParameters = { ...listParameters, scan_limit: integer };

const READ = `id, event_id, webhook_id, environment_id, event_type, status, attempt_count, cancel_reason, created_at,
  completed_at, is_leased, is_forced, failures, due_at`;

/** SQL: besides `QUEUED` and `LOGGED`, what is known of the latest attempt without looking it up. */
const QUEUED_ATTEMPT = 'NULL::int4 AS number, NULL::int4 AS response_status, NULL AS error';
const LOGGED_ATTEMPT = 'd.number, d.response_status::int4, d.error';

/**
 * SQL: the latest attempt of the delivery `row`. Most rows of the log hold it. It is looked up only where a filter
 * needs it.
 */
const LATEST_ATTEMPT = `
  LEFT JOIN LATERAL (
    SELECT a.response_status, a.error FROM attempt a
    WHERE (p_response_status_from IS NOT NULL OR p_error IS NOT NULL) AND row.is_wanted AND row.number IS NULL
      AND a.delivery_id = row.id AND a.number = row.attempt_count
    LIMIT 1
  ) latest ON true`;
const HAS_SUCH_ATTEMPT = `
  (
    p_response_status_from IS NULL
    OR coalesce(row.response_status, latest.response_status) BETWEEN p_response_status_from AND p_response_status_to
  )
  AND (p_error IS NULL OR coalesce(row.error, latest.error) = p_error)`;

/**
 * SQL: a range of ids in the queue of an owner, and its order, in the form that the planner uses best. By the id alone
 * it chose the primary key: it takes a range for a 200th of the rows, and an owner with nothing in the queue then had
 * the whole queue read for each page. A backward index scan begins at an upper pair only if the owner is not asked for
 * beside it. For a webhook, two pairs look like so few rows that the planner would sort them from the index of what is
 * due.
 */
const QUEUE_SCAN = {
  environment: {
    range: `(q.environment_id, q.delivery_id) >= (p_environment_id, p_from_id)
      AND (q.environment_id, q.delivery_id) < (p_environment_id, p_to_id)`,
    order: 'environment_id DESC, ',
  },
  webhook: {
    range: `q.webhook_id = p_webhook_id AND (q.webhook_id, q.delivery_id) >= (p_webhook_id, p_from_id)
      AND q.delivery_id < p_to_id`,
    order: '',
  },
};

const IS_WEBHOOK_OF_ENVIRONMENT =
  'EXISTS (SELECT FROM webhook w WHERE w.environment_id = p_environment_id AND w.id = p_webhook_id)';

/**
 * Newest first, from the queue and the log. Leased rows are few and not in the listing indexes, so they are read apart.
 * Of the others `scan_limit` rows are looked at, or fewer when `limit` are found before. No index serves type, answer
 * or error, nor successes: every delivery would be written to it. What did not succeed has one, and so have tests.
 *
 * By webhook, the environment is checked once, not for each row: otherwise the planner could read the environment's
 * rows.
 */
function listOf<Parameters extends typeof scanParameters>(
  owner: 'environment' | 'webhook',
  parameters: Parameters,
): StoredStatement<Parameters, DeliveryRow & Scanned> {
  const queue = QUEUE_SCAN[owner];
  const isInReach = (alias: 'd' | 'q'): string => {
    const range =
      alias === 'q' ? queue.range : `d.${owner}_id = p_${owner}_id AND d.id >= p_from_id AND d.id < p_to_id`;
    return `${range} AND (p_event_id IS NULL OR ${alias}.event_id = p_event_id)
      ${owner === 'webhook' ? `AND ${IS_WEBHOOK_OF_ENVIRONMENT}` : ''}`;
  };
  /** The rows of a scan that are wanted, and the one that it ended with. */
  const wantedOf = (scan: string, order = ''): string => `
    SELECT ${READ}, is_wanted AND ${HAS_SUCH_ATTEMPT} AS is_wanted, is_scan_end
    FROM (${scan}) row ${LATEST_ATTEMPT}
    WHERE is_wanted AND ${HAS_SUCH_ATTEMPT} OR is_scan_end
    ORDER BY ${order} id DESC LIMIT p_limit`;
  const queued = `
    SELECT ${QUEUED}, ${QUEUED_ATTEMPT},
      q.is_test = p_is_test AND (p_event_type IS NULL OR q.event_type = p_event_type) AS is_wanted,
      row_number() OVER (ORDER BY ${queue.order} q.delivery_id DESC) = p_scan_limit AS is_scan_end
    FROM delivery_queue q
    WHERE q.lease IS NULL AND 'pending' = ANY (p_statuses) AND ${isInReach('q')}
    ORDER BY ${queue.order} q.delivery_id DESC LIMIT p_scan_limit`;
  const logged = (condition: string): string => `
    SELECT ${LOGGED}, ${LOGGED_ATTEMPT},
      d.status = ANY (p_statuses) AND (d.event_type = 'test') = p_is_test
        AND (p_event_type IS NULL OR d.event_type = p_event_type) AS is_wanted
    FROM delivery d
    WHERE ${condition} AND ${isInReach('d')}
    ORDER BY d.id DESC LIMIT p_scan_limit`;
  const ended = (log: string): string => `
    SELECT log.*, row_number() OVER (ORDER BY id DESC) = p_scan_limit AS is_scan_end
    FROM (${log}) log
    ORDER BY id DESC LIMIT p_scan_limit`;
  const unsuccessful = (status: DeliveryStatus): string =>
    logged(`NOT p_is_test AND NOT 'succeeded' = ANY (p_statuses) AND '${status}' = ANY (p_statuses)
      AND d.status <> 'succeeded' AND d.status = '${status}'`);
  return new StoredStatement({
    name: `list_deliveries_of_${owner}`,
    parameters,
    returns: columnsOf<DeliveryRow & Scanned>({
      ...COLUMN_TYPES,
      is_wanted: 'bool',
      is_scan_end: 'bool',
      ...HOLD_TYPES,
    }),
    sql:
      withHolds(
        `${COLUMNS}, r.is_wanted, r.is_scan_end`,
        `
  (
    SELECT ${READ}, true AS is_wanted, false AS is_scan_end
    FROM (
      SELECT ${QUEUED}, ${QUEUED_ATTEMPT}, true AS is_wanted
      -- OFFSET 0 keeps the ids out: by them the planner would read all that waits to find what is leased.
      FROM (SELECT * FROM delivery_queue WHERE lease IS NOT NULL AND leased_by IS NOT NULL OFFSET 0) q
      WHERE 'pending' = ANY (p_statuses) AND q.is_test = p_is_test
        AND (p_event_type IS NULL OR q.event_type = p_event_type) AND ${isInReach('q')}
    ) row ${LATEST_ATTEMPT}
    WHERE ${HAS_SUCH_ATTEMPT}
  )
  UNION ALL (${wantedOf(queued, queue.order)})
  UNION ALL (${wantedOf(ended(logged(`NOT p_is_test AND 'succeeded' = ANY (p_statuses)`)))})
  UNION ALL (${wantedOf(ended(`(${unsuccessful('failed')}) UNION ALL (${unsuccessful('canceled')})`))})
  UNION ALL (${wantedOf(ended(logged(`p_is_test AND d.event_type = 'test'`)))})
  ORDER BY id DESC LIMIT p_limit`,
      ) + ' ORDER BY r.id DESC',
  });
}

export const LIST_DELIVERIES_OF_ENVIRONMENT = listOf('environment', scanParameters);
export const LIST_DELIVERIES_OF_WEBHOOK = listOf('webhook', { ...scanParameters, webhook_id: uuid });

/** Looks each id up. `from_id` and `to_id` are the first and last of them. */
export const LIST_DELIVERIES_BY_ID = new StoredStatement({
  name: 'list_deliveries_by_id',
  parameters: { ...listParameters, webhook_id: nullable(uuid), ids: uuidArray },
  returns: columnsOf<DeliveryRow>({ ...COLUMN_TYPES, ...HOLD_TYPES }),
  sql:
    withHolds(
      COLUMNS,
      `
  SELECT ${READ}
  FROM (
    SELECT ${QUEUED}, ${QUEUED_ATTEMPT}, q.is_test, true AS is_wanted FROM delivery_queue q
    WHERE q.delivery_id = ANY (p_ids) AND q.environment_id = p_environment_id
    UNION ALL
    SELECT ${LOGGED}, ${LOGGED_ATTEMPT}, d.event_type = 'test', true FROM delivery d
    WHERE d.environment_id = p_environment_id AND d.id = ANY (p_ids) AND d.id >= p_from_id AND d.id <= p_to_id
  ) row ${LATEST_ATTEMPT}
  WHERE (p_webhook_id IS NULL OR row.webhook_id = p_webhook_id) AND (p_event_id IS NULL OR row.event_id = p_event_id)
    AND (p_event_type IS NULL OR row.event_type = p_event_type) AND row.status = ANY (p_statuses)
    AND row.is_test = p_is_test AND ${HAS_SUCH_ATTEMPT}
  ORDER BY id DESC LIMIT p_limit`,
    ) + ' ORDER BY r.id DESC',
});

/** @param scanLimit rows looked at in the queue, and in the log: more than the filter's limit. */
export async function listDeliveries(
  database: Queryable,
  filter: DeliveryFilter,
  scanLimit: number = SCAN_LIMIT,
): Promise<ListPart<DeliveryRow>> {
  const { environmentId, webhookId, eventId, eventType, responseStatus, error, isTest, limit } = filter;
  const statuses = possibleStatuses(filter);
  const ids = filter.ids && idsInRange(filter.ids, filter).sort();
  if (statuses.length === 0 || ids?.length === 0) return { rows: [], next: null };
  const asked = {
    environment_id: environmentId,
    event_id: eventId,
    event_type: eventType,
    limit: limit + 1,
    statuses,
    response_status_from: responseStatus?.from ?? null,
    response_status_to: responseStatus?.to ?? null,
    error,
    is_test: isTest,
  };
  if (ids) {
    const named = { ...asked, webhook_id: webhookId, from_id: ids[0]!, to_id: ids.at(-1)!, ids };
    const rows = await LIST_DELIVERIES_BY_ID.run(database, named);
    return toPart(rows, limit, ({ id }) => id);
  }
  const [from, to] = idRangeOf(filter, eventId === null ? null : deliveryIdsOf(eventId));
  const scan = { ...asked, from_id: from, to_id: to, scan_limit: scanLimit };
  const rows =
    webhookId === null
      ? await LIST_DELIVERIES_OF_ENVIRONMENT.run(database, scan)
      : await LIST_DELIVERIES_OF_WEBHOOK.run(database, { ...scan, webhook_id: webhookId });
  return toScannedPart(rows, limit, ({ id }) => id);
}
