import {
  integer,
  nullable,
  textArray,
  timestamp,
  uuid,
  type ValuesOf,
} from '../database/statements/parameter-types.js';
import { firstDeliveryIdForSql } from '../deliveries/delivery-ids.js';
import type { RecoverableStatus } from './recoverable-status.js';
import { owedToWebhookSql } from '../deliveries/queue/fan-out-reads.js';

export interface RecoverableFilter {
  environmentId: string;
  webhookId: string;
  /** Null: every type. */
  eventTypes: readonly string[] | null;
  statuses: readonly RecoverableStatus[];
  /** Deliveries that ended later are left alone: a recovery does not bring back what it sent. */
  endedBefore: Date;
}

/** From `from` to below `to`. Both begin an event's range of ids (delivery-ids.ts), or lie between two. */
export interface IdRange {
  from: string;
  to: string;
}

export const recoverableParameters = {
  environment_id: uuid,
  webhook_id: uuid,
  from_id: uuid,
  to_id: uuid,
  event_types: nullable(textArray),
  statuses: textArray,
  ended_before: timestamp,
  scan_limit: integer,
};

export function recoverableValues(
  filter: RecoverableFilter,
  range: IdRange,
  scanned: number,
): ValuesOf<typeof recoverableParameters> {
  return {
    environment_id: filter.environmentId,
    webhook_id: filter.webhookId,
    from_id: range.from,
    to_id: range.to,
    event_types: filter.eventTypes,
    statuses: filter.statuses,
    ended_before: filter.endedBefore,
    scan_limit: scanned,
  };
}

/**
 * SQL: queries of a WITH. `candidate` can be brought back, up to `horizon`. The next `scan_limit` events of the
 * environment and logged deliveries of the webhook are looked at, so the time does not depend on how much is found.
 *
 * The horizon begins an event's range of ids: below it all deliveries of all events are known. An event and what it
 * owes are committed together, and each snapshot has what is owed in a fan-out, the queue or the log. So an event
 * without any was not owed to the webhook.
 *
 * Ids cannot put more than `scan_limit` events into one range, a few hundredths of a microsecond.
 */
export const RECOVERABLE = `
  event_part AS MATERIALIZED (
    SELECT e.id, e.event_type, e.created_at, e.is_test, e.payload IS NOT NULL AS has_payload FROM event e
    WHERE 'missed' = ANY (p_statuses) AND e.environment_id = p_environment_id AND e.id >= p_from_id AND e.id < p_to_id
    ORDER BY e.id LIMIT p_scan_limit
  ),
  delivery_part AS MATERIALIZED (
    SELECT d.id, d.event_id, d.event_type, d.created_at, d.status, d.completed_at FROM delivery d
    WHERE d.webhook_id = p_webhook_id AND d.id >= p_from_id AND d.id < p_to_id
    ORDER BY d.id LIMIT p_scan_limit
  ),
  horizon AS MATERIALIZED (
    SELECT least(
      p_to_id,
      (SELECT ${firstDeliveryIdForSql('id')} FROM event_part ORDER BY id OFFSET p_scan_limit - 1),
      (SELECT ${firstDeliveryIdForSql('id')} FROM delivery_part ORDER BY id OFFSET p_scan_limit - 1)
    ) AS id
  ),
  owed AS MATERIALIZED (
    SELECT event_id FROM delivery_part
    UNION ALL
    SELECT q.event_id FROM delivery_queue q
    WHERE q.lease IS NULL AND q.webhook_id = p_webhook_id AND q.delivery_id >= p_from_id
      AND q.delivery_id < (SELECT id FROM horizon)
    UNION ALL
    SELECT event_id
    FROM (
      -- Leased rows are few, and the queue's listing indexes leave them out.
      SELECT q.event_id, q.webhook_id, q.delivery_id FROM delivery_queue q
      WHERE q.lease IS NOT NULL AND q.leased_by >= '00000000-0000-0000-0000-000000000000'
      OFFSET 0
    ) leased
    WHERE webhook_id = p_webhook_id AND delivery_id >= p_from_id AND delivery_id < p_to_id
    UNION ALL ${owedToWebhookSql('p_environment_id', 'p_webhook_id', 'p_from_id', '(SELECT id FROM horizon)')}
  ),
  candidate AS (
    SELECT e.id, e.id AS event_id, true AS is_missed, e.event_type, e.created_at
    FROM event_part e
    WHERE e.id < (SELECT id FROM horizon) AND NOT e.is_test AND e.has_payload
      AND (p_event_types IS NULL OR e.event_type = ANY (p_event_types))
      AND e.id NOT IN (SELECT event_id FROM owed)
    UNION ALL
    SELECT d.id, d.event_id, false, d.event_type, d.created_at
    FROM delivery_part d
    WHERE d.id < (SELECT id FROM horizon) AND d.status = ANY (p_statuses) AND d.event_type <> 'test'
      AND (p_event_types IS NULL OR d.event_type = ANY (p_event_types)) AND d.completed_at < p_ended_before
      -- A payload that was deleted, or dropped by retention, cannot be sent again.
      AND (SELECT e.payload IS NOT NULL FROM event e WHERE e.environment_id = p_environment_id AND e.id = d.event_id)
  )`;
