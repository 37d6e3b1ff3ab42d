import { firstDeliveryIdForSql } from '../delivery-ids.js';
import type { RecoverableStatus } from '../../common/outcomes.js';
import { owedToWebhookSql } from './fan-out-reads.js';

/** What a recovery looks for. */
export interface RecoverableFilter {
  environmentId: string;
  webhookId: string;
  /** Null: every type. */
  eventTypes: readonly string[] | null;
  statuses: readonly RecoverableStatus[];
  /** Deliveries that ended from then on are left alone: what a recovery sends does not come back to it. */
  endedBefore: Date;
}

/** Ids from `from` to below `to`; both begin an event's range of ids (delivery-ids.ts), or are between two. */
export interface IdRange {
  from: string;
  to: string;
}

export const RECOVERABLE_PARAMETERS = 'uuid, uuid, uuid, uuid, text[], text[], timestamptz, int4';

export function recoverableParameters(filter: RecoverableFilter, range: IdRange, scanned: number): unknown[] {
  const { environmentId, webhookId, eventTypes, statuses, endedBefore } = filter;
  return [environmentId, webhookId, range.from, range.to, eventTypes, statuses, endedBefore, scanned];
}

/**
 * SQL: queries of a WITH. `candidate` is what can be brought back, up to `horizon`: the next `$8` events of the
 * environment and the next `$8` deliveries of the webhook in the log are looked at, whatever becomes of them, so that the
 * time that a statement takes does not depend on how much it finds.
 *
 * The horizon is where an event's range of ids begins: below it all deliveries of all events are known, whatever is
 * random in their ids. An event and what it owes are committed together, and what is owed is in every snapshot either in a
 * fan-out, or in the queue, or in the log. So an event of which none is seen was not owed to the webhook.
 *
 * More than `$8` in the range of one event, a few hundredths of a microsecond, are beyond what ids are made for.
 */
export const RECOVERABLE = `
  event_part AS MATERIALIZED (
    SELECT e.id, e.event_type, e.created_at, e.is_test, e.payload IS NOT NULL AS has_payload FROM event e
    WHERE 'missed' = ANY ($6) AND e.environment_id = $1 AND e.id >= $3 AND e.id < $4
    ORDER BY e.id LIMIT $8
  ),
  delivery_part AS MATERIALIZED (
    SELECT d.id, d.event_id, d.event_type, d.created_at, d.status, d.completed_at FROM delivery d
    WHERE d.webhook_id = $2 AND d.id >= $3 AND d.id < $4
    ORDER BY d.id LIMIT $8
  ),
  horizon AS MATERIALIZED (
    SELECT least(
      $4,
      (SELECT ${firstDeliveryIdForSql('id')} FROM event_part ORDER BY id OFFSET $8 - 1),
      (SELECT ${firstDeliveryIdForSql('id')} FROM delivery_part ORDER BY id OFFSET $8 - 1)
    ) AS id
  ),
  owed AS MATERIALIZED (
    SELECT event_id FROM delivery_part
    UNION ALL
    SELECT q.event_id FROM delivery_queue q
    WHERE q.lease IS NULL AND q.webhook_id = $2 AND q.delivery_id >= $3 AND q.delivery_id < (SELECT id FROM horizon)
    UNION ALL
    SELECT event_id
    FROM (
      -- What is leased is little, and the indexes by which the queue is listed leave it out.
      SELECT q.event_id, q.webhook_id, q.delivery_id FROM delivery_queue q
      WHERE q.lease IS NOT NULL AND q.leased_by >= '00000000-0000-0000-0000-000000000000'
      OFFSET 0
    ) leased
    WHERE webhook_id = $2 AND delivery_id >= $3 AND delivery_id < $4
    UNION ALL ${owedToWebhookSql('$1', '$2', '$3', '(SELECT id FROM horizon)')}
  ),
  candidate AS (
    SELECT e.id, e.id AS event_id, true AS is_missed, e.event_type, e.created_at
    FROM event_part e
    WHERE e.id < (SELECT id FROM horizon) AND NOT e.is_test AND e.has_payload AND ($5 IS NULL OR e.event_type = ANY ($5))
      AND e.id NOT IN (SELECT event_id FROM owed)
    UNION ALL
    SELECT d.id, d.event_id, false, d.event_type, d.created_at
    FROM delivery_part d
    WHERE d.id < (SELECT id FROM horizon) AND d.status = ANY ($6) AND d.event_type <> 'test'
      AND ($5 IS NULL OR d.event_type = ANY ($5)) AND d.completed_at < $7
      -- What was deleted, or is past its retention, cannot be sent again.
      AND (SELECT e.payload IS NOT NULL FROM event e WHERE e.environment_id = $1 AND e.id = d.event_id)
  )`;
