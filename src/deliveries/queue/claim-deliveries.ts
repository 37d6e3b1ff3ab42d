import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { integer, integerArray, uuid } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import type { CancelReason, LeasedDelivery, OutgoingEvent, SettledDelivery, Target } from '../delivery.types.js';
import { type LeaseGrant, leaseGrantParameters, leaseGrantValues } from './lease-grant.js';
import { isUnknown, knownTargetParameters, knownTargetValues, targetOf } from './read-targets.js';

/** Webhooks looked at in one claim: bounds the scan when many webhooks have only later retries. */
const WEBHOOKS_SCANNED = 500;

/**
 * Webhooks of which a claim takes deliveries. Each costs two steps in an index, so a few from some webhooks are cheaper
 * than one from each; the next claim goes on with the others.
 */
const WEBHOOKS_SERVED = 32;

export interface ClaimScan {
  /** Between probes of an endpoint that is down. Longer than an attempt can take, so that they go one at a time. */
  probeIntervalMs: number;
  /** The webhook where the last claim stopped; null: from the first. */
  after: string | null;
}

export interface Claim {
  deliveries: LeasedDelivery[];
  /** Claimed, but their webhook no longer receives: to be settled without an attempt. */
  canceled: { delivery: SettledDelivery; reason: CancelReason }[];
  after: string | null;
  /**
   * Webhooks that may have more due than they get now: they have no room left here, or their endpoint is down, paused
   * or recovering.
   */
  heldBack: string[];
  /** The claim found something of a webhook that is not held back. */
  mayFindMore: boolean;
}

/** The first row tells of the scan, each other one of a claimed delivery. */
type Row = ScanRow | ClaimedRow;

interface ScanRow {
  delivery_id: null;
  scanned_to: string;
  is_scan_cut: boolean;
  held_back: string[];
  targets: Target[];
}

interface ClaimedRow {
  delivery_id: string;
  attempt_count: number;
  failures: number;
  is_test: boolean;
  is_forced: boolean;
  is_probe: boolean;
  is_in_turn: boolean;
  webhook_id: string;
  stopped_as: CancelReason | null;
  event_id: string;
  event_type: string | null;
  payload: string | null;
  event_created_at: Date | null;
}

/**
 * Webhooks first, then rows: a loose index scan steps from one waiting webhook to the next, and each gives at most its
 * share. So one webhook's backlog does not starve the others, nor a low id a high one (the scan goes round).
 *
 * An endpoint that is down (endpoint-health.ts) gives its first retries, and one probe per interval, or sooner one that
 * was never tried. The row of its health is the gate: two replicas cannot both send one. A recovering endpoint gives as
 * many as it may have beyond those in flight here. Both give first what was never tried. A paused one (429) gives
 * nothing. What somebody asked for (`is_forced`) is never held back. All these go before those in turn.
 *
 * The webhooks of an environment together get no more than it has room for. Rooms come from the caller's memory
 * (engine/in-flight.ts): a cap computed in a statement is exceeded when statements overlap.
 */
export const CLAIM_DELIVERIES = new StoredStatement({
  name: 'claim_deliveries',
  parameters: {
    ...leaseGrantParameters,
    webhook_counts: integerArray,
    after_webhook_id: uuid,
    probe_interval_ms: integer,
    ...knownTargetParameters,
  },
  returns: columnsOf<Row>({
    scanned_to: 'uuid',
    is_scan_cut: 'bool',
    held_back: 'uuid[]',
    targets: 'json',
    delivery_id: 'uuid',
    attempt_count: 'int4',
    failures: 'int2',
    is_test: 'bool',
    is_forced: 'bool',
    is_probe: 'bool',
    is_in_turn: 'bool',
    webhook_id: 'uuid',
    stopped_as: 'text',
    event_id: 'uuid',
    event_type: 'text',
    payload: 'text',
    event_created_at: 'timestamptz',
  }),
  sql: `
  WITH RECURSIVE room AS (
    -- Not unnest: for generate_series the planner expects the true number of rows, and joins them by a hash.
    SELECT p_room_webhook_ids[place] AS webhook_id, p_webhook_rooms[place] AS room, p_webhook_counts[place] AS in_flight
    FROM generate_series(1, cardinality(p_room_webhook_ids)) AS place
  ),
  environment_room AS (
    SELECT p_room_environment_ids[place] AS environment_id, p_environment_rooms[place] AS room
    FROM generate_series(1, cardinality(p_room_environment_ids)) AS place
  ),
  scanned (environment_id, webhook_id, due_at, position, found) AS (
    (
      SELECT environment_id, webhook_id, due_at, 1, (due_at <= now())::int FROM delivery_queue
      WHERE lease IS NULL AND webhook_id > p_after_webhook_id
      ORDER BY webhook_id, due_at LIMIT 1
    )
    UNION ALL
    SELECT next.environment_id, next.webhook_id, next.due_at, s.position + 1, s.found + (next.due_at <= now())::int
    FROM scanned s
    CROSS JOIN LATERAL (
      SELECT q.environment_id, q.webhook_id, q.due_at FROM delivery_queue q
      WHERE q.lease IS NULL AND q.webhook_id > s.webhook_id
      ORDER BY q.webhook_id, q.due_at LIMIT 1
    ) next
    WHERE s.position < ${WEBHOOKS_SCANNED} AND s.found < ${WEBHOOKS_SERVED}
  ),
  candidate AS (
    SELECT s.environment_id, s.webhook_id, s.position, coalesce(r.room, p_per_webhook) AS room, h.in_flight_limit,
      coalesce(r.in_flight, 0) AS in_flight,
      CASE
        WHEN h.paused_until > now() THEN 0
        ELSE least(coalesce(r.room, p_per_webhook), ${inFlightLimit('h')} - coalesce(r.in_flight, 0))
      END AS room_in_turn,
      h.in_flight_limit - coalesce(r.in_flight, 0) AS room_to_retry,
      coalesce(h.paused_until > now(), false) AS is_paused
    FROM scanned s
    LEFT JOIN LATERAL (SELECT * FROM webhook_health h WHERE h.webhook_id = s.webhook_id LIMIT 1) h ON true
    LEFT JOIN room r ON r.webhook_id = s.webhook_id
    WHERE s.due_at <= now()
  ),
  due AS MATERIALIZED (
    -- The environment's room, in equal parts for its webhooks. If it is less than one each, those with least in flight
    -- get one. At random among equals, because the scan begins at the same place in each round.
    SELECT c.webhook_id, c.position, c.in_flight_limit, c.in_flight, c.room_to_retry, c.is_paused,
      -- For forced ones and probes alone: these few may go beyond the environment's room.
      least(c.room, greatest(1, c.environment_room / c.able)) AS room,
      CASE
        WHEN c.ordinal <= c.environment_room THEN least(c.room_in_turn, greatest(1, c.environment_room / c.able_in_turn))
        ELSE 0
      END AS room_in_turn
    FROM (
      SELECT c.*, coalesce(e.room, p_per_environment) AS environment_room,
        row_number() OVER (
          PARTITION BY c.environment_id ORDER BY c.room_in_turn <= 0, c.in_flight, random()
        ) AS ordinal,
        greatest(1, count(*) FILTER (WHERE c.room > 0) OVER (PARTITION BY c.environment_id)) AS able,
        greatest(1, count(*) FILTER (WHERE c.room_in_turn > 0) OVER (PARTITION BY c.environment_id)) AS able_in_turn
      FROM candidate c
      LEFT JOIN environment_room e ON e.environment_id = c.environment_id
    ) c
  ),
  share AS (
    SELECT greatest(1, p_total / (count(*) + 1))::int AS size FROM due WHERE room_in_turn > 0
  ),
  exempt AS MATERIALIZED (
    SELECT row.* FROM due d
    CROSS JOIN share
    CROSS JOIN LATERAL (
      SELECT q.ctid AS place, q.delivery_id, q.is_forced FROM delivery_queue q
      WHERE q.lease IS NULL AND (q.failures = 1 OR q.is_forced)
        AND (q.is_forced OR (d.in_flight_limit = 0 AND NOT d.is_paused))
        AND q.webhook_id = d.webhook_id AND q.due_at <= now()
      ORDER BY q.due_at LIMIT least(d.room, share.size)
      FOR UPDATE SKIP LOCKED
    ) row
    WHERE d.room > 0 AND (d.in_flight_limit IS NOT NULL OR d.is_paused)
    LIMIT p_total
  ),
  gate AS MATERIALIZED (
    SELECT h.webhook_id, h.next_probe_at <= now() AS is_for_any FROM webhook_health h JOIN due d ON d.webhook_id = h.webhook_id
    WHERE d.room > 0 AND h.in_flight_limit = 0 AND NOT d.is_paused
      AND (
        h.next_probe_at <= now()
        OR (
          h.next_first_try_at <= now() AND d.in_flight = 0
          AND EXISTS (SELECT FROM delivery_queue q WHERE ${isUntried('q', 'h')})
        )
      )
    ORDER BY h.webhook_id
    LIMIT greatest(0, p_total - (SELECT count(*) FROM exempt))
    FOR UPDATE OF h SKIP LOCKED
  ),
  passed AS (
    UPDATE webhook_health h
    SET next_probe_at = now() + p_probe_interval_ms * interval '1 millisecond',
      next_first_try_at = now() + p_probe_interval_ms * interval '1 millisecond'
    FROM gate g WHERE h.webhook_id = g.webhook_id
  ),
  probe AS MATERIALIZED (
    SELECT row.* FROM gate
    CROSS JOIN LATERAL (
      SELECT * FROM (
        SELECT q.ctid AS place, q.delivery_id, q.is_forced FROM delivery_queue q
        WHERE ${isUntried('q', 'gate')}
        ORDER BY q.due_at LIMIT 1
        FOR UPDATE SKIP LOCKED
      ) untried
      UNION ALL
      SELECT * FROM (
        SELECT q.ctid AS place, q.delivery_id, q.is_forced FROM delivery_queue q
        WHERE gate.is_for_any AND q.lease IS NULL AND q.webhook_id = gate.webhook_id AND q.due_at <= now()
        ORDER BY q.due_at LIMIT 1
        FOR UPDATE SKIP LOCKED
      ) oldest
      LIMIT 1
    ) row
    WHERE row.place NOT IN (SELECT place FROM exempt)
  ),
  in_turn AS MATERIALIZED (
    SELECT row.*
    FROM (
      SELECT d.webhook_id, least(d.room_in_turn, share.size) AS size, d.in_flight_limit IS NOT NULL AS is_recovering,
        greatest(0, least(d.room_in_turn, d.room_to_retry, share.size)) AS size_to_retry
      FROM due d, share
      WHERE d.room_in_turn > 0
      ORDER BY d.position
    ) portion
    CROSS JOIN LATERAL (
      SELECT * FROM (
        SELECT q.ctid AS place, q.delivery_id, q.is_forced FROM delivery_queue q
        WHERE portion.is_recovering AND ${isUntried('q', 'portion')}
        ORDER BY q.due_at LIMIT portion.size
        FOR UPDATE SKIP LOCKED
      ) untried
      UNION ALL
      SELECT * FROM (
        SELECT q.ctid AS place, q.delivery_id, q.is_forced FROM delivery_queue q
        WHERE q.lease IS NULL AND q.webhook_id = portion.webhook_id AND q.due_at <= now()
          AND (NOT portion.is_recovering OR q.attempt_count > 0)
        ORDER BY q.due_at LIMIT portion.size_to_retry
        FOR UPDATE SKIP LOCKED
      ) oldest
      LIMIT portion.size
    ) row
    LIMIT greatest(0, p_total - (SELECT count(*) FROM exempt) - (SELECT count(*) FROM probe))
  ),
  picked AS (
    SELECT place, delivery_id, is_forced, false AS is_probe, true AS is_in_turn FROM in_turn
    UNION ALL
    SELECT place, delivery_id, is_forced, false, false FROM exempt
    UNION ALL
    SELECT place, delivery_id, is_forced, true, false FROM probe
  ),
  claimed AS (
    -- By their place in the table: they are locked, so they stay there. One that was changed just before the lock is
    -- not found at its new place; the next claim gets it.
    UPDATE delivery_queue q
    SET lease = p_lease, leased_by = p_replica_id, leased_until = now() + p_lease_ms * interval '1 millisecond',
      -- So that somebody may ask again while the attempt runs. A lost lease brings the mark back.
      is_forced = false, is_lease_forced = q.is_forced
    WHERE q.ctid = ANY (ARRAY(SELECT place FROM picked))
    RETURNING q.environment_id, q.delivery_id, q.webhook_id, q.event_id, q.attempt_count, q.failures, q.is_test
  )
  SELECT scan.webhook_id, scan.position = ${WEBHOOKS_SCANNED} OR scan.found = ${WEBHOOKS_SERVED},
    ARRAY(SELECT webhook_id FROM due WHERE room_in_turn <= 0),
    (
      SELECT coalesce(json_agg(${targetOf('w')}), '[]')
      FROM (SELECT DISTINCT webhook_id FROM claimed) c
      CROSS JOIN LATERAL (
        SELECT * FROM webhook w WHERE w.id = c.webhook_id AND ${isUnknown('w')} LIMIT 1
      ) w
    ),
    NULL::uuid, NULL::int4, NULL::int2, NULL::bool, NULL::bool, NULL::bool, NULL::bool, NULL::uuid, NULL::text, NULL::uuid, NULL::text,
    NULL::text, NULL::timestamptz
  FROM (SELECT webhook_id, position, found FROM scanned ORDER BY position DESC LIMIT 1) scan
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, c.delivery_id, c.attempt_count, c.failures, c.is_test, p.is_forced, p.is_probe, p.is_in_turn, c.webhook_id,
    CASE WHEN w.deleted_at IS NOT NULL THEN 'webhook_deleted' WHEN NOT w.is_active THEN 'webhook_inactive' END,
    c.event_id, e.event_type, e.payload, e.created_at
  FROM claimed c
  JOIN picked p ON p.delivery_id = c.delivery_id
  CROSS JOIN LATERAL (SELECT w.deleted_at, w.is_active FROM webhook w WHERE w.id = c.webhook_id LIMIT 1) w
  LEFT JOIN LATERAL (
    SELECT e.event_type, e.payload, e.created_at FROM event e
    WHERE e.environment_id = c.environment_id AND e.id = c.event_id
    LIMIT 1
  ) e ON true`,
});

/**
 * SQL: what an endpoint may have in flight. A recovering one gets one more each second for what was never tried: it may
 * hang on some events until their deadline, and take most others.
 */
function inFlightLimit(health: string): string {
  const seconds = `extract(epoch FROM now() - ${health}.changed_at)`;
  return `CASE
          WHEN ${health}.in_flight_limit > 0 THEN ${health}.in_flight_limit + least(10000, greatest(0, ${seconds}))::int
          ELSE ${health}.in_flight_limit
        END`;
}

/** SQL: whether a delivery of the webhook is due and was never attempted. There is an index for it. */
function isUntried(queue: string, webhook: string): string {
  return `${queue}.lease IS NULL AND ${queue}.attempt_count = 0 AND ${queue}.webhook_id = ${webhook}.webhook_id
          AND ${queue}.due_at <= now()`;
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export async function claimDeliveries(database: Queryable, grant: LeaseGrant, scanned: ClaimScan): Promise<Claim> {
  const readAt = performance.now();
  const targets = grant.knownTargets.fresh(readAt);
  const rows = await CLAIM_DELIVERIES.run(database, {
    ...leaseGrantValues(grant),
    webhook_counts: [...grant.webhookCounts.values()],
    after_webhook_id: scanned.after ?? FIRST_ID,
    probe_interval_ms: scanned.probeIntervalMs,
    ...knownTargetValues(targets),
  });
  const scan = rows.find((row) => row.delivery_id === null);
  const claimed = rows.filter((row) => row.delivery_id !== null);
  for (const target of scan?.targets ?? []) targets.set(target.webhookId, target);
  grant.knownTargets.learn(scan?.targets ?? [], readAt);

  const heldBack = new Set([...(scan?.held_back ?? []), ...filledWebhooks(claimed, grant)]);
  const claim: Claim = {
    deliveries: [],
    canceled: [],
    after: nextStart(scan, claimed, grant.total, scanned.after),
    heldBack: [...heldBack],
    mayFindMore: claimed.some((row) => !heldBack.has(row.webhook_id)),
  };
  for (const row of claimed) {
    const { delivery_id: id, is_test: isTest, stopped_as: reason } = row;
    const leased = { id, lease: grant.lease, target: targets.get(row.webhook_id)!, isTest };
    if (reason) claim.canceled.push({ delivery: { ...leased, isForced: false, isProbe: false }, reason });
    else {
      const event = eventOf(row);
      const { attempt_count: attemptCount, failures, is_forced: isForced, is_probe: isProbe } = row;
      claim.deliveries.push({ ...leased, event, attemptCount, failures, isForced, isProbe, readAt });
    }
  }
  return claim;
}

function eventOf(row: ClaimedRow): OutgoingEvent | null {
  if (row.event_type === null || row.payload === null || row.event_created_at === null) return null;
  return { id: row.event_id, type: row.event_type, payload: row.payload, createdAt: row.event_created_at };
}

/** Webhooks that have no room left here. What is to be canceled takes none. */
function filledWebhooks(claimed: readonly ClaimedRow[], { webhookRooms, perWebhook }: LeaseGrant): string[] {
  const counts = new Map<string, number>();
  for (const { webhook_id: id, stopped_as: reason } of claimed) if (!reason) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].filter(([id, count]) => count >= (webhookRooms.get(id) ?? perWebhook)).map(([id]) => id);
}

/** When the room ended first, behind the last webhook that got its turn; else where the scan was cut. */
function nextStart(
  scan: ScanRow | undefined,
  claimed: readonly ClaimedRow[],
  total: number,
  after: string | null,
): string | null {
  const inTurn = claimed.filter((row) => row.is_in_turn).map((row) => row.webhook_id);
  if (claimed.length >= total) return inTurn.sort().at(-1) ?? after;
  return scan?.is_scan_cut ? scan.scanned_to : null;
}
