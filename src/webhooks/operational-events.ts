import type { EntityManager } from 'typeorm';
import type { OperationalEventType } from '../common/operational-events.js';
import type { Webhook } from './webhook.entity.js';

/**
 * SQL: an INSERT that tells the operator of what its statement does. It writes nothing without an operator's webhook,
 * nor for that webhook's environment: its failures would make more of them.
 *
 * @param of a query whose rows have an `environment_id`.
 * @param payload an expression over those rows: a JSON object.
 */
export function insertOperationalEvents(type: OperationalEventType, of: string, payload: string): string {
  return `
    INSERT INTO operational_event (id, event_type, payload, created_at)
    SELECT uuid_v7(now()), '${type}', (${payload})::text, now()
    FROM (${of}) happened
    WHERE environment_id <> (SELECT o.environment_id FROM operator_webhook o WHERE o.is_on)`;
}

/** SQL: an instant as the API writes it. */
export function timeInJson(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

const REPORT_DISABLED = insertOperationalEvents(
  'webhook.disabled',
  `SELECT id, environment_id, disabled_reason, disabled_at, $3::text AS target_host
   FROM webhook WHERE environment_id = $1::uuid AND id = $2::uuid`,
  `json_build_object('webhook_id', id, 'environment_id', environment_id, 'target_host', target_host,
    'reason', disabled_reason, 'disabled_at', ${timeInJson('disabled_at')})`,
);

/**
 * Call it in the transaction that made the webhook inactive because of its endpoint. It tells only the target's host:
 * path and query may hold credentials.
 */
export async function reportDisabled(manager: EntityManager, { environmentId, id, targetUrl }: Webhook): Promise<void> {
  await manager.query(REPORT_DISABLED, [environmentId, id, new URL(targetUrl).host]);
}
