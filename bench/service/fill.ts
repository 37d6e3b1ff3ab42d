import type pg from 'pg';
import { DailyPartitions } from '../../src/database/partitions/daily-partitions.js';
import { openDataSource } from '../../src/database/data-source.js';
import { deliveryIdForSql } from '../../src/deliveries/delivery-ids.js';
import { schema } from '../../src/schema.js';

/** Bounds the memory of a statement, which is the process's own on the embedded engine. */
const ROWS_PER_STATEMENT = 50_000;
const DAY_MS = 86_400_000;
/** Days that one call of `DailyPartitions` makes, from the day before the given one. */
const DAYS_PER_CALL = 9;

/** The index is the last part of the target's path. */
const WEBHOOKS_BY_INDEX = `
  SELECT environment_id, id AS webhook_id, substring(target_url FROM '[0-9]+$')::int AS index, event_types[1] AS event_type
  FROM webhook`;

/** As payloadOf in helpers/payload.ts writes it, without an instant. */
export const PAYLOAD = `'{"n":' || n || ',"at":0.000,"filler":"' || repeat('x', 200) || '"}'`;

/** As the service logs what it sent. */
export const REQUEST_HEADERS = `'{"content-type":"application/json","user-agent":"Tidings/bench","webhook-id":"' || event_id
  || '","webhook-timestamp":"' || floor(extract(epoch FROM at)) || '","webhook-signature":"v1,' || repeat('s', 44)
  || '","x-webhook-signature":"format=sha256,v=' || repeat('s', 44) || '"}'`;

/** They are due: every nth is of webhook 0, the others are of the rest in turn. Events are numbered for each webhook from 0. */
const BACKLOG = `
  WITH webhooks AS MATERIALIZED (${WEBHOOKS_BY_INDEX}),
  planned AS MATERIALIZED (
    SELECT w.*, uuid_v7(now()) AS event_id,
      CASE WHEN place % $4 = 0 THEN place / $4 ELSE place_of_rest / ($3 - 1) END AS n
    FROM generate_series($1::int, $2::int) AS place
    CROSS JOIN LATERAL (SELECT place - place / $4::int - 1 AS place_of_rest) AS rest
    JOIN webhooks w ON w.index = CASE WHEN place % $4 = 0 THEN 0 ELSE 1 + place_of_rest % ($3::int - 1) END
  ),
  events AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT event_id, environment_id, event_type, ${PAYLOAD}, now() FROM planned
  )
  INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
  SELECT ${deliveryIdForSql('event_id')}, environment_id, webhook_id, event_id, event_type, now(), now() FROM planned`;

/** Deliveries that succeeded at their first attempt, spread over the days before now. */
const FINISHED = `
  WITH webhooks AS MATERIALIZED (${WEBHOOKS_BY_INDEX}),
  planned AS MATERIALIZED (
    SELECT w.*, uuid_v7(at) AS event_id, uuid_v7(at) AS lease, place AS n, at
    FROM generate_series($1::int, $2::int) AS place
    CROSS JOIN LATERAL (SELECT now() - place::float8 / $4::int * $5::int * interval '1 day' AS at) AS instant
    JOIN webhooks w ON w.index = place % $3::int
  ),
  events AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT event_id, environment_id, event_type, ${PAYLOAD}, at FROM planned
  )
  INSERT INTO delivery (id, environment_id, event_id, webhook_id, event_type, created_at, attempt_count, status,
    completed_at, number, lease, started_at, duration_ms, outcome, request_url, request_headers,
    response_status, response_headers, response_body, response_body_truncated)
  SELECT ${deliveryIdForSql('event_id')}, environment_id, event_id, webhook_id, event_type, at, 1, 'succeeded',
    at, 1, lease, at, 3, 'succeeded', 'http://127.0.0.1:4000/ok/' || index, ${REQUEST_HEADERS},
    200, '{}', '', false
  FROM planned`;

/**
 * @param webhooks how many the database has, with the indexes from 0.
 * @param everyNthIsTheFirsts the part of webhook 0: 2 gives it half.
 */
export async function fillBacklog(
  client: pg.Client,
  count: number,
  webhooks: number,
  everyNthIsTheFirsts = 2,
): Promise<void> {
  for (const [from, to] of chunksOf(count)) {
    await client.query(BACKLOG, [from, to, webhooks, everyNthIsTheFirsts]);
  }
  await client.query('VACUUM (ANALYZE)');
}

/** @param webhooks how many the database has, with the indexes from 0. */
export async function fillFinished(client: pg.Client, count: number, webhooks: number, days: number): Promise<void> {
  for (const [from, to] of chunksOf(count)) await client.query(FINISHED, [from, to, webhooks, count, days]);
  await client.query('VACUUM (ANALYZE)');
}

/** Of the days before now, as in a service that has run so long. */
export async function makePartitions(databaseUrl: string, days: number): Promise<void> {
  const dataSource = await openDataSource({
    url: databaseUrl,
    schema,
    poolSize: 1,
    patience: { connectionMs: 2_000, statementMs: null },
  });
  try {
    const partitions = new DailyPartitions(dataSource);
    const now = Date.now();
    for (let back = 0; back <= days + 1; back += DAYS_PER_CALL) await partitions.ensure(new Date(now - back * DAY_MS));
    await partitions.ensure(new Date(now - days * DAY_MS));
  } finally {
    await dataSource.destroy();
  }
}

export function chunksOf(count: number): [from: number, to: number][] {
  return Array.from({ length: Math.ceil(count / ROWS_PER_STATEMENT) }, (_, index) => [
    index * ROWS_PER_STATEMENT,
    Math.min(count, (index + 1) * ROWS_PER_STATEMENT) - 1,
  ]);
}
