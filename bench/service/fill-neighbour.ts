import type pg from 'pg';
import { deliveryIdForSql } from '../../src/deliveries/delivery-ids.js';
import { chunksOf, PAYLOAD, REQUEST_HEADERS } from './fill.js';

/** With an event type that the webhook is subscribed to. */
export interface Owner {
  environmentId: string;
  webhookId: string;
  eventType: string;
}

/** Deliveries that are due tomorrow. */
const WAITING = `
  WITH planned AS MATERIALIZED (
    SELECT uuid_v7(now()) AS event_id, n FROM generate_series($4::int, $5::int) AS n
  ),
  events AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT event_id, $1::uuid, $3, ${PAYLOAD}, now() FROM planned
  )
  INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at,
    attempt_count, failures)
  SELECT ${deliveryIdForSql('event_id')}, $1, $2::uuid, event_id, $3, now(), now() + interval '1 day', 1, 1 FROM planned`;

/** Deliveries that succeeded at their first attempt. */
const FINISHED = `
  WITH planned AS MATERIALIZED (
    SELECT uuid_v7(now()) AS event_id, uuid_v7(now()) AS lease, n, now() AS at
    FROM generate_series($4::int, $5::int) AS n
  ),
  events AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT event_id, $1::uuid, $3, ${PAYLOAD}, at FROM planned
  )
  INSERT INTO delivery (id, environment_id, event_id, webhook_id, event_type, created_at, attempt_count, status,
    completed_at, number, lease, started_at, duration_ms, outcome, request_url, request_headers,
    response_status, response_headers, response_body, response_body_truncated)
  SELECT ${deliveryIdForSql('event_id')}, $1, event_id, $2::uuid, $3, at, 1, 'succeeded',
    at, 1, lease, at, 3, 'succeeded', 'http://127.0.0.1:4000/ok/100', ${REQUEST_HEADERS},
    200, '{}', '', false
  FROM planned`;

export async function fillWaitingOf(client: pg.Client, owner: Owner, count: number): Promise<void> {
  await fill(client, WAITING, owner, count);
}

/** @returns the ids of some of the deliveries, and of their events. */
export async function fillFinishedOf(
  client: pg.Client,
  owner: Owner,
  count: number,
  named: number,
): Promise<{ deliveryIds: string[]; eventIds: string[] }> {
  await fill(client, FINISHED, owner, count);
  const { rows } = await client.query<{ id: string; event_id: string }>(
    'SELECT id, event_id FROM delivery WHERE environment_id = $1 ORDER BY id LIMIT $2',
    [owner.environmentId, named],
  );
  return { deliveryIds: rows.map(({ id }) => id), eventIds: rows.map((row) => row.event_id) };
}

async function fill(client: pg.Client, statement: string, owner: Owner, count: number): Promise<void> {
  const { environmentId, webhookId, eventType } = owner;
  for (const [from, to] of chunksOf(count))
    await client.query(statement, [environmentId, webhookId, eventType, from, to]);
  // Otherwise autovacuum does it during a measurement.
  await client.query('VACUUM (ANALYZE) delivery_queue, delivery, event');
}

/** Nothing is due or under way. */
export async function isIdle(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ idle: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM delivery_queue WHERE lease IS NOT NULL OR due_at <= now())
       AND NOT EXISTS (SELECT FROM fan_out) AS idle`,
  );
  return rows[0]!.idle;
}

/** Deliveries under way stay. */
export async function dropDue(client: pg.Client): Promise<void> {
  await client.query('DELETE FROM fan_out');
  await client.query('DELETE FROM delivery_queue WHERE lease IS NULL AND due_at <= now()');
  await client.query(`UPDATE recovery SET status = 'stopped', completed_at = now() WHERE status = 'running'`);
}
