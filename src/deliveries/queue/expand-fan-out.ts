import type { CancelReason } from '../../common/outcomes.js';
import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { integer, uuid, uuidArray } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import { deliveryIdForSql } from '../delivery-ids.js';
import { DELIVERY_COLUMNS } from './columns.js';
import { ENTERED_COLUMNS, enterStats } from './stats-entries.js';

/**
 * Makes the next deliveries of a fan-out, oldest events first: of whole events, or of one event to some of its
 * webhooks. It passes over a row that another replica works on.
 *
 * The deliveries come from the row that is moved, in the same statement: each pair becomes a delivery once, whoever
 * dies.
 *
 * A webhook that has stopped since it was owed the events gets canceled deliveries, even if it is active again: its
 * revisions tell. So does an event whose payload was deleted. Its row is locked, so whoever deletes the payload now
 * sees these deliveries, or is seen here.
 */
export const EXPAND_FAN_OUT = new StoredStatement({
  name: 'expand_fan_out',
  parameters: { after_environment_id: uuid, limit: integer, passed_over: uuidArray },
  returns: columnsOf<Row>({
    environment_id: 'uuid',
    first_event_id: 'uuid',
    made: 'int4',
    webhook_inactive: 'int4',
    webhook_deleted: 'int4',
    stopped: 'int4',
  }),
  sql: `
  WITH picked AS MATERIALIZED (
    SELECT f.*, cardinality(f.webhook_ids) AS width, f.made / cardinality(f.webhook_ids) AS events_made,
      f.made % cardinality(f.webhook_ids) AS webhooks_made
    FROM fan_out f
    WHERE f.environment_id > p_after_environment_id AND f.first_event_id <> ALL (p_passed_over)
      AND (SELECT n.deleted_at IS NULL FROM environment n WHERE n.id = f.environment_id)
    ORDER BY f.environment_id, f.first_event_id LIMIT 1
    FOR UPDATE OF f SKIP LOCKED
  ),
  portion AS MATERIALIZED (
    SELECT *,
      CASE
        WHEN webhooks_made = 0 THEN greatest(1, least(p_limit / width, owed / width - events_made))
        ELSE 1
      END AS events,
      least(p_limit, width - webhooks_made) AS webhooks
    FROM picked
  ),
  next AS MATERIALIZED (
    SELECT environment_id, first_event_id, event_type, owed, made + events * webhooks AS made, events * webhooks AS size,
      event_ids[events_made + 1 : events_made + events] AS event_ids,
      webhook_ids[webhooks_made + 1 : webhooks_made + webhooks] AS webhook_ids,
      revisions[webhooks_made + 1 : webhooks_made + webhooks] AS revisions
    FROM portion
  ),
  moved AS (
    UPDATE fan_out f SET made = n.made FROM next n
    WHERE f.environment_id = n.environment_id AND f.first_event_id = n.first_event_id AND n.made < n.owed
    RETURNING n.*
  ),
  ended AS (
    DELETE FROM fan_out f USING next n
    WHERE f.environment_id = n.environment_id AND f.first_event_id = n.first_event_id AND n.made = n.owed
    RETURNING n.*
  ),
  step AS MATERIALIZED (
    SELECT * FROM moved UNION ALL SELECT * FROM ended
  ),
  event_part AS MATERIALIZED (
    SELECT s.environment_id, s.event_type, e.*
    FROM step s
    CROSS JOIN LATERAL unnest(s.event_ids) AS member (id)
    CROSS JOIN LATERAL (
      SELECT e.id AS event_id, e.created_at, e.payload IS NOT NULL AS has_payload FROM event e
      WHERE e.environment_id = s.environment_id AND e.id = member.id
      LIMIT 1
      FOR SHARE
    ) e
  ),
  webhook_part AS MATERIALIZED (
    SELECT member.id AS webhook_id, stop.reason
    FROM step s
    CROSS JOIN LATERAL unnest(s.webhook_ids, s.revisions) AS member (id, revision)
    CROSS JOIN LATERAL (SELECT w.revision FROM webhook w WHERE w.id = member.id LIMIT 1) w
    LEFT JOIN LATERAL (
      SELECT CASE WHEN r.is_deleted THEN 'webhook_deleted' ELSE 'webhook_inactive' END AS reason
      FROM webhook_revision r
      WHERE r.environment_id = s.environment_id AND r.webhook_id = member.id AND r.revision > member.revision
        AND NOT r.is_active
      ORDER BY r.revision LIMIT 1
    ) stop ON w.revision > member.revision
  ),
  made AS MATERIALIZED (
    SELECT ${deliveryIdForSql('e.event_id')} AS id, e.environment_id, e.event_id, w.webhook_id, e.event_type, e.created_at,
      CASE WHEN w.reason IS NOT NULL THEN w.reason WHEN NOT e.has_payload THEN 'stopped' END AS cancel_reason
    FROM event_part e CROSS JOIN webhook_part w
  ),
  queued AS (
    INSERT INTO delivery_queue (delivery_id, environment_id, event_id, webhook_id, event_type, created_at, due_at)
    SELECT ${DELIVERY_COLUMNS}, now() FROM made WHERE cancel_reason IS NULL
  ),
  logged AS (
    INSERT INTO delivery (${DELIVERY_COLUMNS}, attempt_count, status, cancel_reason, completed_at)
    SELECT ${DELIVERY_COLUMNS}, 0, 'canceled', cancel_reason, now() FROM made WHERE cancel_reason IS NOT NULL
    RETURNING ${ENTERED_COLUMNS}
  ),
  entered AS (${enterStats('logged')}
  )
  SELECT s.environment_id, s.first_event_id, s.size, ${countOf('webhook_inactive')}, ${countOf('webhook_deleted')}, ${countOf('stopped')}
  FROM step s`,
});

function countOf(reason: CancelReason): string {
  return `(SELECT count(*)::int FROM made WHERE cancel_reason = '${reason}')`;
}

type Row = Record<CancelReason, number> & { environment_id: string; first_event_id: string; made: number };

export interface FanOutKey {
  environmentId: string;
  firstEventId: string;
}

export interface Expansion extends FanOutKey {
  /** Pairs of event and webhook that it dealt with: 1 or more. */
  made: number;
  canceled: Readonly<Record<CancelReason, number>>;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * @param after the environment whose turn was last.
 * @param passedOver the first events of fan-outs to leave alone.
 * @returns null when nothing is left to make, except by others.
 */
export async function expandFanOut(
  database: Queryable,
  after: string | null,
  limit: number,
  passedOver: readonly string[] = [],
): Promise<Expansion | null> {
  const [row] = await EXPAND_FAN_OUT.run(database, {
    after_environment_id: after ?? FIRST_ID,
    limit,
    passed_over: passedOver,
  });
  if (!row) return after === null ? null : expandFanOut(database, null, limit, passedOver);
  const { environment_id: environmentId, first_event_id: firstEventId, made, ...canceled } = row;
  return { environmentId, firstEventId, made, canceled };
}

const NEXT = `
  SELECT f.environment_id AS "environmentId", f.first_event_id AS "firstEventId" FROM fan_out f
  WHERE f.environment_id > $1::uuid AND f.first_event_id <> ALL ($2::uuid[])
    AND (SELECT n.deleted_at IS NULL FROM environment n WHERE n.id = f.environment_id)
  ORDER BY f.environment_id, f.first_event_id LIMIT 1`;

/** The fan-out that `expandFanOut` would take, if no other replica works on it. */
export async function findNextFanOut(
  database: Queryable,
  after: string | null,
  passedOver: readonly string[],
): Promise<FanOutKey | null> {
  const [row] = await database.query<FanOutKey[]>(NEXT, [after ?? FIRST_ID, passedOver]);
  if (!row) return after === null ? null : findNextFanOut(database, null, passedOver);
  return row;
}
