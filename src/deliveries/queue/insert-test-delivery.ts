import type { LeasedDelivery, OutgoingEvent, Target } from '../delivery.types.js';
import { liveSecretsOf } from './read-targets.js';
import type { Queryable } from '../../database/queryable.js';

const INSERT = `
  WITH target AS (
    SELECT w.id, w.environment_id, w.target_url, w.revision, ${liveSecretsOf('w')} AS secrets
    FROM webhook w
    WHERE w.environment_id = $1::uuid AND w.id = $2::uuid AND w.is_active
  ),
  event AS (
    INSERT INTO event (id, environment_id, event_type, is_test, payload, created_at)
    SELECT $3::uuid, environment_id, $4::text, true, $5::text, $6::timestamptz FROM target
  ),
  queued AS (
    INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, is_test, due_at,
      lease, leased_by, leased_until)
    SELECT $7::uuid, environment_id, id, $3::uuid, 'test', $6::timestamptz, true, now(), $8::uuid, $9::uuid,
      now() + $10::int * interval '1 millisecond'
    FROM target
  )
  SELECT environment_id AS "environmentId", id AS "webhookId", target_url AS "targetUrl", revision, secrets FROM target`;

export interface TestDelivery {
  id: string;
  environmentId: string;
  webhookId: string;
  event: OutgoingEvent;
  lease: string;
  replicaId: string;
  leaseMs: number;
}

/** Stores an example event and its one delivery, leased to this replica. Null: the webhook is not active. */
export async function insertTestDelivery(database: Queryable, test: TestDelivery): Promise<LeasedDelivery | null> {
  const readAt = performance.now();
  const [target] = await database.query<Target[]>(INSERT, [
    test.environmentId,
    test.webhookId,
    test.event.id,
    test.event.type,
    test.event.payload,
    test.event.createdAt,
    test.id,
    test.lease,
    test.replicaId,
    test.leaseMs,
  ]);
  if (!target) return null;
  return {
    id: test.id,
    lease: test.lease,
    target,
    event: test.event,
    attemptCount: 0,
    failures: 0,
    isTest: true,
    isForced: false,
    isProbe: false,
    readAt,
  };
}
