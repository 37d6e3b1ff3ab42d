import type { Queryable } from '../../database/queryable.js';

/**
 * Pages of the queue that are read: all up to 1 MiB (about 8,000 deliveries), else as many at random. A sample stays
 * cheap when the pages hold only dead rows, and it does not age as the planner's statistics do.
 */
const PAGES_SAMPLED = 128;

/** Waiting webhooks whose oldest delivery is looked up when the queue is only sampled. */
const WEBHOOKS_SCANNED = 1_000;

const FAN_OUTS_SCANNED = 10_000;

const ENDPOINTS_SCANNED = 10_000;

/** The share of the queue's pages that is read: above 0, at most 1. */
const SHARE = `least(1, ${PAGES_SAMPLED}::float8 * current_setting('block_size')::int
  / greatest(1, pg_relation_size('delivery_queue')))`;

/**
 * It follows claim-deliveries.ts: a down endpoint gives its first retries, a paused one nothing, and forced ones go out
 * all the same.
 */
const READ = `
  WITH RECURSIVE in_trouble AS MATERIALIZED (
    SELECT webhook_id, coalesce(paused_until > now(), false) AS is_paused,
      consecutive_failures > 0 AND in_flight_limit IS NULL AS is_failing,
      coalesce(in_flight_limit = 0, false) AS is_down, coalesce(in_flight_limit > 0, false) AS is_recovering
    FROM webhook_health WHERE is_in_trouble
    LIMIT ${ENDPOINTS_SCANNED}
  ),
  sampled AS MATERIALIZED (
    SELECT state, count(*) AS size, min(due_at) AS oldest_due_at
    FROM (
      SELECT q.due_at,
        CASE
          WHEN q.lease IS NOT NULL THEN 'leased'
          WHEN q.due_at > now() THEN 'later'
          WHEN NOT q.is_forced AND (
            q.webhook_id IN (SELECT webhook_id FROM in_trouble WHERE is_paused)
            OR (q.failures <> 1 AND q.webhook_id IN (SELECT webhook_id FROM in_trouble WHERE is_down))
          ) THEN 'held'
          ELSE 'due'
        END AS state
      FROM delivery_queue q TABLESAMPLE SYSTEM (100 * ${SHARE})
    ) s
    GROUP BY state
  ),
  waiting (webhook_id, due_at, position) AS (
    (
      SELECT webhook_id, due_at, 1 FROM delivery_queue
      WHERE lease IS NULL AND ${SHARE} < 1
      ORDER BY webhook_id, due_at LIMIT 1
    )
    UNION ALL
    SELECT next.webhook_id, next.due_at, w.position + 1
    FROM waiting w
    CROSS JOIN LATERAL (
      SELECT q.webhook_id, q.due_at FROM delivery_queue q
      WHERE q.lease IS NULL AND q.webhook_id > w.webhook_id
      ORDER BY q.webhook_id, q.due_at LIMIT 1
    ) next
    WHERE w.position < ${WEBHOOKS_SCANNED}
  ),
  fanning_out AS MATERIALIZED (
    SELECT owed - made AS owed, created_at FROM fan_out f
    -- Nothing is made of what a deleted environment owes.
    WHERE (SELECT n.deleted_at IS NULL FROM environment n WHERE n.id = f.environment_id)
    LIMIT ${FAN_OUTS_SCANNED}
  ),
  oldest AS (
    SELECT oldest_due_at AS due_at FROM sampled WHERE state = 'due'
    UNION ALL
    SELECT created_at FROM fanning_out
    UNION ALL
    SELECT due_at FROM waiting
    WHERE due_at <= now() AND webhook_id NOT IN (SELECT webhook_id FROM in_trouble WHERE is_down OR is_paused)
  )
  SELECT
    ${SHARE} AS share,
    (SELECT json_object_agg(state, size) FROM sampled) AS sampled,
    coalesce((SELECT greatest(0, extract(epoch FROM now() - min(due_at))) FROM oldest), 0)::float8 AS oldest_due_seconds,
    (SELECT coalesce(sum(owed), 0)::float8 FROM fanning_out) AS owed,
    (SELECT count(*)::int FROM in_trouble WHERE is_failing AND NOT is_paused) AS failing,
    (SELECT count(*)::int FROM in_trouble WHERE is_down AND NOT is_paused) AS down,
    (SELECT count(*)::int FROM in_trouble WHERE is_recovering AND NOT is_paused) AS recovering,
    (SELECT count(*)::int FROM in_trouble WHERE is_paused) AS paused`;

interface Row {
  share: number;
  sampled: Partial<Record<keyof QueueState['deliveries'], number>> | null;
  oldest_due_seconds: number;
  owed: number;
  failing: number;
  down: number;
  recovering: number;
  paused: number;
}

export interface QueueState {
  /** Unfinished deliveries; estimates when the queue is only sampled. */
  deliveries: Record<'due' | 'held' | 'later' | 'leased', number>;
  /** Deliveries that are not made yet, of events that owe very many. */
  owed: number;
  /** Of what is not held, since when the oldest is due or owed: 0 or more. */
  oldestDueSeconds: number;
  endpoints: Record<'failing' | 'down' | 'recovering' | 'paused', number>;
}

/** Its cost does not grow with the queue. */
export async function readQueueState(database: Queryable): Promise<QueueState> {
  const [row] = await database.query<[Row]>(READ);
  const { share, sampled, oldest_due_seconds, owed, failing, down, recovering, paused } = row;
  const estimate = (state: keyof QueueState['deliveries']): number => Math.round((sampled?.[state] ?? 0) / share);
  return {
    deliveries: {
      due: estimate('due'),
      held: estimate('held'),
      later: estimate('later'),
      leased: estimate('leased'),
    },
    owed,
    oldestDueSeconds: oldest_due_seconds,
    endpoints: { failing, down, recovering, paused },
  };
}
