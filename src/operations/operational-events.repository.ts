import type { EntityManager } from 'typeorm';
import type { OperationalEventType } from '../common/operational-events.js';
import type { Queryable } from '../database/queryable.js';

export interface OperationalEvent {
  id: string;
  eventType: OperationalEventType;
  /** JSON text. */
  payload: string;
}

export async function insertOperationalEvent(
  manager: EntityManager,
  eventType: OperationalEventType,
  payload: object,
): Promise<void> {
  await manager.query(
    'INSERT INTO operational_event (id, event_type, payload, created_at) VALUES (uuid_v7(now()), $1, $2, now())',
    [eventType, JSON.stringify(payload)],
  );
}

/** Skips events that another replica is taking. */
const TAKE = `
  WITH taken AS (
    DELETE FROM operational_event WHERE id = ANY (ARRAY(
      SELECT id FROM operational_event ORDER BY id LIMIT $1::int FOR UPDATE SKIP LOCKED
    ))
    RETURNING id, event_type, payload
  )
  SELECT id, event_type AS "eventType", payload FROM taken ORDER BY id`;

/** The oldest; they come back if the transaction fails. */
export function takeOperationalEvents(manager: EntityManager, limit: number): Promise<OperationalEvent[]> {
  return manager.query<OperationalEvent[]>(TAKE, [limit]);
}

/** Keeps the oldest, and rare kinds before frequent ones. */
const DROP = `
  WITH dropped AS (
    DELETE FROM operational_event WHERE id = ANY (ARRAY(
      SELECT id FROM operational_event
      WHERE id IN (SELECT id FROM operational_event ORDER BY event_type = 'delivery.failed', id OFFSET $1::int)
      ORDER BY id
      FOR UPDATE SKIP LOCKED
    ))
    RETURNING event_type
  )
  SELECT event_type AS "eventType", count(*)::int AS count FROM dropped GROUP BY event_type`;

export interface Dropped {
  eventType: OperationalEventType;
  count: number;
}

export function dropOperationalEvents(database: Queryable, kept: number): Promise<Dropped[]> {
  return database.query<Dropped[]>(DROP, [kept]);
}
